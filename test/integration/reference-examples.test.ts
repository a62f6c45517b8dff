/** The examples on the pages of the reference run as they stand, and every side of every connector has one. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectors } from '../../connectors/index.js'
import { type Example, readExamples } from '../../scripts/generate/examples.js'
import { describeWithKafka } from '../support/describe-with-kafka.js'
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

function run({ file }: Example, variables: Readonly<Record<string, string>> = {}) {
  const { stdout, stderr } = spawnSync(process.execPath, [etl, 'run', join('reference', file), '--json'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', ...variables },
  })
  if (stdout === '') throw new Error(`${file} said nothing on standard output: ${stderr}`)
  return JSON.parse(stdout) as { records: { read: number; written: number; failed: number } }
}

const uses = (name: string) => (one: Example) => [...one.sources, ...one.sinks].includes(name)
/** What is written is there for the one that reads it. */
const inOrder = (given: readonly Example[]) =>
  given.toSorted((a, b) => Number(/read/.test(a.file)) - Number(/read/.test(b.file)))

function expectRun(example: Example, variables: Readonly<Record<string, string>> = {}): void {
  const report = run(example, variables)
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
  const alone = examples.filter((one) => !uses('jdbc')(one) && !uses('kafka')(one))
  test.each(alone.map((one) => [one.file, one] as const))('%s', (_file, example) => expectRun(example))

  test('those with a database', async () => {
    await withDatabase(async (url) => {
      const database = { ETL_VAR_DEMO_MYSQL: url.replace('mysql://', '') }
      for (const example of inOrder(examples.filter(uses('jdbc')))) expectRun(example, database)
    })
  })
})

describeWithKafka('an example with a broker', (lent) => {
  test('runs as it stands', async () => {
    await makeTopic(lent.brokers, 'reference-orders', 2)
    for (const example of inOrder(examples.filter(uses('kafka'))))
      expectRun(example, { ETL_VAR_DEMO_KAFKA: lent.brokers })
  })
})
