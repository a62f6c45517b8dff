/** The examples on the pages of the reference run as they stand, and every side of every connector has one. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectors } from '../../connectors/index.js'
import { type Example, readExamples } from '../../scripts/generate/examples.js'
import { describeWithKafka } from '../support/describe-with-kafka.js'
import { startHttpServer } from '../support/http-server.js'
import { makeTopic } from '../support/kafka.js'
import { withDatabase } from '../support/lend.js'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const etl = join(checkout, 'bin', 'etl.js')
const examples = readExamples(join(checkout, 'examples', 'reference'))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'etl-reference-'))
  for (const part of ['data/orders.csv', 'reference'])
    cpSync(join(checkout, 'examples', part), join(folder, part), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Not in this process's way: servers of the test answer meanwhile. */
async function run({ file }: Example, variables: Readonly<Record<string, string>> = {}) {
  const state = join(folder, 'state', file)
  const args = [etl, 'run', join('reference', file), '--json', '--state', state]
  const env = { ...process.env, NODE_OPTIONS: '', ...variables }
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env }, (_error, stdout, stderr) => resolve({ stdout, stderr }))
  })
  if (stdout === '') throw new Error(`${file} said nothing on standard output: ${stderr}`)
  return JSON.parse(stdout) as { records: { read: number; written: number; failed: number } }
}

const uses = (name: string) => (one: Example) => [...one.sources, ...one.sinks].includes(name)
/** What is written is there for the one that reads it. */
const inOrder = (given: readonly Example[]) =>
  given.toSorted((a, b) => Number(/read/.test(a.file)) - Number(/read/.test(b.file)))

async function expectRun(example: Example, variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const report = await run(example, variables)
  expect([example.file, report]).toEqual([example.file, expect.objectContaining({ status: 'COMPLETED', error: null })])
  expect(report.records.read).toBeGreaterThan(0)
  expect(report.records).toMatchObject({ written: report.records.read, failed: 0 })
}

test('every connector has an example for each of its sides', () => {
  const lacking = connectors.flatMap(({ name, source, sink }) => [
    ...(source && !examples.some(({ sources }) => sources.includes(name)) ? [`source ${name}`] : []),
    ...(sink && !examples.some(({ sinks }) => sinks.includes(name)) ? [`sink ${name}`] : []),
  ])
  expect(lacking).toEqual([])
})

test('every example is on the page of each connector that it uses, and run by one of these tests', () => {
  for (const { file, text, sources, sinks } of examples) {
    for (const name of [...sources, ...sinks]) {
      const page = readFileSync(join(checkout, 'docs', 'reference', 'connectors', `${name}.md`), 'utf8')
      expect([file, page.includes(text.split('\n').slice(1).join('\n').trim())]).toEqual([file, true])
    }
  }
})

describe('an example runs as it stands', () => {
  const alone = examples.filter((one) => ['jdbc', 'kafka', 'http'].every((name) => !uses(name)(one)))
  test.each(alone.map((one) => [one.file, one] as const))('%s', async (_file, example) => await expectRun(example))

  test('those with a database', async () => {
    await withDatabase(async (url) => {
      const database = { ETL_VAR_DEMO_MYSQL: url.replace('mysql://', '') }
      for (const example of inOrder(examples.filter(uses('jdbc')))) await expectRun(example, database)
    })
  })
})

test('an example with a web API runs as it stands', async () => {
  const orders = Array.from({ length: 40 }, (_, n) => ({
    id: n,
    customer: `c${n % 7}`,
    amount: '9.50',
    updated_at: `2026-01-${String(1 + (n % 28)).padStart(2, '0')}T00:00:00`,
  }))
  const server = await startHttpServer(({ url, headers }, response) => {
    if (headers.authorization !== 'Bearer opensesame') return response.writeHead(401).end() && undefined
    if (url.pathname !== '/v1/orders') return {}
    const from = Number(url.searchParams.get('after') ?? 0)
    return { data: orders.slice(from, from + 15), meta: { next: from + 15 < orders.length ? from + 15 : null } }
  })
  try {
    const api = { ETL_VAR_DEMO_API: `${server.url}/v1`, ETL_VAR_DEMO_API_TOKEN: 'opensesame' }
    for (const example of examples.filter(uses('http'))) await expectRun(example, api)
    const sent = server.asked.filter(({ url }) => url.pathname === '/v1/incoming')
    expect(sent.map(({ body }) => JSON.parse(body).length)).toEqual([20, 20])
  } finally {
    await server.close()
  }
})

describeWithKafka('an example with a broker', (lent) => {
  test('runs as it stands', async () => {
    await makeTopic(lent.brokers, 'reference-orders', 2)
    for (const example of inOrder(examples.filter(uses('kafka'))))
      await expectRun(example, { ETL_VAR_DEMO_KAFKA: lent.brokers })
  })
})
