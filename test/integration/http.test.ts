/** Jobs of a service that ask another server: which hosts they may reach, and from where they go on. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Problem } from '../../core/errors/problem.js'
import { startHttpServer } from '../support/http-server.js'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const withServers = async (run: (stack: Stack) => Promise<void>) => {
  await withMigratedDatabase((mysql) =>
    withStack({ mysql, temporal: temporalAddress() }, run, { ETL_ALLOW_PRIVATE_HOSTS: '127.0.0.1' }),
  )
}

const jobOf = (config: Record<string, unknown>, settings: Record<string, unknown> = {}) => ({
  name: 'from-http',
  ...settings,
  nodes: [
    { id: 'in', source: 'http', config },
    { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'jsonl' } },
  ],
})

async function writtenIds({ files }: Stack): Promise<number[]> {
  const names = (await readdir(join(files, 'out')).catch(() => [])).filter((name) => !/^[._]/.test(name)).sort()
  const parts = await Promise.all(names.map((name) => readFile(join(files, 'out', name), 'utf8')))
  return parts.flatMap((part) =>
    part
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id as number),
  )
}

test('a service reaches private hosts that it names, and no others', async () => {
  const server = await startHttpServer(() => [{ id: 1 }])
  await withServers(async (stack) => {
    const elsewhere = server.url.replace('127.0.0.1', '127.0.0.2')
    const refused = await stack.request<{ errors: Problem[] }>('POST', '/api/v1/jobs', jobOf({ url: elsewhere }))
    expect(refused.status).toBe(422)
    expect(refused.body.errors[0]).toMatchObject({
      nodeId: 'in',
      message: expect.stringMatching(/127\.0\.0\.2 .* not public/),
    })
    const connection = { name: 'there', connector: 'http', config: { url: elsewhere } }
    const { body } = await stack.request<{ connectionId: string }>('POST', '/api/v1/connections', connection)
    const tested = await stack.request('POST', `/api/v1/connections/${body.connectionId}/test`, {})
    expect(tested.body).toMatchObject({ status: 'FAILED', code: 'config.invalid' })
    expect(server.asked).toHaveLength(0)
    const executionId = await stack.submit(jobOf({ url: server.url }))
    expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'COMPLETED', records: { written: 1 } })
  })
  await server.close()
}, 120_000)

test('an execution goes on where the last one ended, also when its worker is killed', async () => {
  const all = Array.from({ length: 30 }, (_, id) => ({ id, rev: Math.floor(id / 3) }))
  let waits = 0
  const server = await startHttpServer(async ({ url }) => {
    const later = all.filter(({ rev }) => rev >= Number(url.searchParams.get('since') ?? 0))
    const from = Number(url.searchParams.get('offset'))
    await new Promise((resolve) => setTimeout(resolve, waits))
    return later.slice(from, from + 4)
  })
  const config = {
    url: server.url,
    columns: { id: 'BIGINT', rev: 'BIGINT' },
    pagination: { type: 'OFFSET' },
    incremental: { param: 'since', column: 'rev' },
  }
  await withServers(async (stack) => {
    const first = await stack.submit(jobOf(config, { positions: 'CONTINUE' }))
    const { jobId } = await stack.untilEnded(first)
    expect(await writtenIds(stack)).toEqual(all.map(({ id }) => id))

    all.push({ id: 30, rev: 9 }, ...Array.from({ length: 20 }, (_, n) => ({ id: 31 + n, rev: 10 + n })))
    waits = 300
    server.asked.length = 0
    const { body } = await stack.request('POST', `/api/v1/jobs/${jobId}/executions`, {})
    await until('it asks', async () => server.asked.length > 2)
    await stack.killWorker()
    waits = 0
    await stack.startWorker()
    expect(await stack.untilEnded(body.executionId!)).toMatchObject({ status: 'COMPLETED' })
    expect(server.asked[0]!.url.searchParams.get('since')).toBe('9')
    expect(await writtenIds(stack)).toEqual(all.map(({ id }) => id))
  })
  await server.close()
}, 180_000)
