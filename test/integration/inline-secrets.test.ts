/** A password in a job's own connection: submitted, run, refused, restarted; and found nowhere but in the process that connects. */
import { randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { withStack } from '../support/stack.js'
import { historiesOf, logsOf, tablesOf } from '../support/traces.js'

const WORDS = {
  url: `url-word-${randomBytes(6).toString('hex')}`,
  field: `field-word-${randomBytes(6).toString('hex')}`,
}
const found = new RegExp(Object.values(WORDS).join('|'))

type Job = Readonly<{ jobId: string; version: number; spec: Readonly<Record<string, unknown>> }>

test('a password of an inline connection is in no table, history, log or answer', async () => {
  await withMigratedDatabase(async (url) => {
    const [reader, writer] = await makePeople(url)
    try {
      await withStack({ mysql: url, temporal: temporalAddress() }, async (stack) => {
        const said: unknown[] = []
        const ask = async <T>(method: string, path: string, body?: unknown) => {
          const answer = await stack.request<T>(method, `/api/v1${path}`, body)
          said.push(answer.body)
          return answer
        }
        const spec = jobFor(url, reader, writer)
        expect((await ask('POST', '/jobs/validate', spec)).body).toMatchObject({ valid: true })
        await ask('POST', '/jobs/explain', spec)
        const saved = await ask<Job>('POST', '/jobs', spec)
        expect(saved).toMatchObject({ status: 201, body: { version: 1 } })
        const { jobId } = saved.body
        await staysAsItIs(ask, jobId, spec)

        const run = async (path: string) => {
          const { body } = await ask<{ executionId: string }>('POST', path, {})
          const report = await stack.untilEnded(body.executionId)
          said.push(report)
          for (const part of ['events', 'checkpoints', 'metrics', 'operators'])
            await ask('GET', `/executions/${body.executionId}/${part}`)
          return report
        }
        expect(await run(`/jobs/${jobId}/executions`)).toMatchObject({ status: 'COMPLETED', records: { written: 3 } })
        await onServer(url, `ALTER USER ${account(reader, 'another')}`)
        const refused = await run(`/jobs/${jobId}/executions`)
        expect(refused).toMatchObject({ status: 'FAILED', error: { code: 'connection.denied' } })
        expect(await run(`/executions/${refused.executionId}/restart`)).toMatchObject({ status: 'FAILED' })
        await onServer(url, `ALTER USER ${account(reader, WORDS.url)}`)
        expect(await run(`/executions/${refused.executionId}/restart`)).toMatchObject({ status: 'COMPLETED' })
        for (const path of [`/jobs/${jobId}`, `/jobs/${jobId}/versions`, `/jobs/${jobId}/graph`, '/operation-logs'])
          await ask('GET', path)

        expect(JSON.stringify(said)).not.toMatch(found)
        expect(await tablesOf(url)).not.toMatch(found)
        const histories = await historiesOf(stack)
        expect(histories).toContain(refused.executionId)
        expect(histories).not.toMatch(found)
        const logs = await logsOf(stack)
        expect(logs).toContain('worker started')
        expect(logs).not.toMatch(found)
      })
    } finally {
      await onServer(url, `DROP USER ${account(reader)}, ${account(writer)}`)
    }
  })
}, 180_000)

/** Submitted again, or written back masked, it is the same version; a mask that nothing stands behind is refused. */
async function staysAsItIs(
  ask: <T>(method: string, path: string, body?: unknown) => Promise<{ status: number; body: T }>,
  jobId: string,
  spec: Readonly<Record<string, unknown>>,
): Promise<void> {
  const shown = await ask<Job>('GET', `/jobs/${jobId}`)
  expect(JSON.stringify(shown.body.spec)).toContain(':***@')
  for (const same of [spec, shown.body.spec]) {
    const put = await ask<Job>('PUT', `/jobs/${jobId}`, { ...same, version: 1 })
    expect(put).toMatchObject({ status: 200, body: { version: 1 } })
  }
  const [input, output] = shown.body.spec.nodes as [object, object]
  const swapped = await ask<Job>('PUT', `/jobs/${jobId}`, { ...shown.body.spec, nodes: [output, input], version: 1 })
  expect(swapped).toMatchObject({ status: 200, body: { version: 2 } })
  const unknown = { ...input, id: 'nobody' }
  const refused = await ask('PUT', `/jobs/${jobId}`, { ...shown.body.spec, nodes: [unknown, output], version: 2 })
  expect(refused).toMatchObject({ status: 422, body: { code: 'config.invalid' } })
}

function jobFor(url: string, reader: string, writer: string) {
  const { host, pathname } = new URL(url)
  const input = { connection: { url: `mysql://${reader}:${WORDS.url}@${host}${pathname}` }, table: 'people' }
  const output = {
    connection: { url: `mysql://${host}${pathname}`, user: writer, password: WORDS.field },
    table: 'copies',
    mode: 'UPSERT',
    key: 'id',
  }
  return {
    name: 'copy',
    restart: { strategy: 'NONE' },
    nodes: [
      { id: 'in', source: 'jdbc', config: input },
      { id: 'out', sink: 'jdbc', input: 'in', config: output },
    ],
  }
}

async function makePeople(url: string): Promise<readonly [string, string]> {
  const mark = randomBytes(4).toString('hex')
  const [reader, writer] = [`reader_${mark}`, `writer_${mark}`]
  await onServer(
    url,
    `CREATE TABLE people (id INT PRIMARY KEY); INSERT INTO people VALUES (1), (2), (3);
     CREATE TABLE copies (id INT PRIMARY KEY);
     CREATE USER ${account(reader, WORDS.url)}, ${account(writer, WORDS.field)};
     GRANT ALL ON *.* TO ${account(reader)}, ${account(writer)}`,
  )
  return [reader, writer]
}

/** A server that resolves names may know this machine as localhost, where an account without a name would come first. */
function account(user: string, password?: string): string {
  const identified = password === undefined ? '' : ` IDENTIFIED BY '${password}'`
  return ['localhost', '%'].map((host) => `'${user}'@'${host}'${identified}`).join(', ')
}
