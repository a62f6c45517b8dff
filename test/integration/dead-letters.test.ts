/** Dead letters on the real stack: found, corrected, replayed; what was written before is not written again. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ExecutionReport } from '../../core/execution/report.js'
import type { DeadLetterRecord } from '../../models/stores/dead-letter-store.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

let stack: Stack
let mysql: string
let finish: () => void
let ended: Promise<void>

beforeAll(async () => {
  await new Promise<void>((begin, fail) => {
    ended = withMigratedDatabase(async (url) => {
      mysql = url
      await withStack({ mysql: url, temporal: temporalAddress() }, async (lent) => {
        stack = lent
        begin()
        await new Promise<void>((resolve) => {
          finish = resolve
        })
      })
    })
    ended.catch(fail)
  })
}, 120_000)

afterAll(async () => {
  finish()
  await ended
}, 60_000)

interface Replays {
  readonly replays: readonly { readonly executionId: string; readonly deadLetters: number }[]
  readonly refused: readonly { readonly reason: string }[]
  readonly left: number
}

const onBadRecord = { action: 'DEAD_LETTER' }
const toTable = (id: string, input: string, table = id) => ({
  id,
  sink: 'jdbc',
  input,
  config: { connection: { url: mysql }, table },
})

async function run(spec: object): Promise<ExecutionReport> {
  return await stack.untilEnded(await stack.submit(spec))
}

async function lettersOf(jobId: string, query = ''): Promise<readonly DeadLetterRecord[]> {
  const { body } = await stack.request<{ items: DeadLetterRecord[] }>(
    'GET',
    `/api/v1/jobs/${jobId}/dead-letters${query}`,
  )
  return [...body.items].reverse()
}

async function correct({ deadLetterId, version }: DeadLetterRecord, record: string) {
  return await stack.request('PATCH', `/api/v1/dead-letters/${deadLetterId}`, { record, version })
}

async function replay(body: object): Promise<ExecutionReport[]> {
  const answer = await stack.request<Replays>('POST', '/api/v1/dead-letters/replay', body)
  expect(answer).toMatchObject({ status: 202, body: { left: 0 } })
  const reports: ExecutionReport[] = []
  for (const { executionId } of answer.body.replays) reports.push(await stack.untilEnded(executionId))
  return reports
}

const rowsOf = async (table: string) =>
  (await onServer(mysql, `SELECT * FROM ${table} ORDER BY id`)) as Readonly<Record<string, unknown>>[]

describe('a line that cannot be read', () => {
  test('is corrected, and comes to the target once, however often it is asked for', async () => {
    // The columns stand in another order than in the job: a line means nothing without its header.
    await writeFile(join(stack.files, 'lines.csv'), 'amount,id\n10,1\nmany,2\n"three",3\n40,4\n')
    await onServer(mysql, 'CREATE TABLE read_lines (id BIGINT NOT NULL, amount BIGINT NOT NULL)')
    const { jobId, records, executionId } = await run({
      name: 'lines',
      onBadRecord,
      nodes: [
        { id: 'in', source: 'file', config: { path: 'lines.csv', columns: { id: 'BIGINT', amount: 'BIGINT' } } },
        toTable('read_lines', 'in'),
      ],
    })
    expect(records).toMatchObject({ read: 4, written: 2, failed: 2 })
    const letters = await lettersOf(jobId, '?status=NEW&operatorId=in&errorCode=record.bad')
    expect(letters).toMatchObject([
      {
        executionId,
        epoch: 1,
        jobVersion: 1,
        operatorId: 'in',
        originalRecord: 'many,2',
        recordForm: { kind: 'TEXT', header: 'amount,id' },
        sourcePosition: { file: expect.stringMatching(/lines\.csv$/), line: 3 },
        errorCode: 'record.bad',
        status: 'NEW',
      },
      { originalRecord: '"three",3', sourcePosition: { line: 4 } },
    ])
    expect((await correct(letters[0]!, '20,2')).status).toBe(200)
    expect((await correct(letters[0]!, '21,2')).status).toBe(409)

    const [report] = await replay({ jobId })
    expect(report).toMatchObject({ status: 'COMPLETED', records: { read: 2, written: 1, failed: 1 } })
    expect(await rowsOf('read_lines')).toEqual([
      { id: 1, amount: 10 },
      { id: 2, amount: 20 },
      { id: 4, amount: 40 },
    ])
    const after = await lettersOf(jobId)
    expect(after).toMatchObject([
      { status: 'REPLAYED', editedRecord: '20,2', replayExecutionId: report?.executionId },
      { status: 'REPLAYED' },
      // It has failed again, and is where it was.
      {
        status: 'NEW',
        originalRecord: '"three",3',
        executionId: report?.executionId,
        sourcePosition: { line: 4 },
        recordForm: { header: 'amount,id' },
      },
    ])

    // Two records in the place of one, or a quote that would swallow what follows, are not let through.
    for (const bad of ['30,3\n31,3', '"30,3']) {
      const [letter] = await lettersOf(jobId, '?status=NEW')
      await correct(letter!, bad)
      expect(await replay({ ids: [letter!.deadLetterId] })).toMatchObject([
        { records: { read: 1, written: 0, failed: 1 } },
      ])
    }
    const [last] = await lettersOf(jobId, '?status=NEW')
    await correct(last!, '30,3')
    expect(await replay({ ids: [last!.deadLetterId] })).toMatchObject([{ records: { written: 1 } }])

    expect(await replay({ jobId })).toEqual([])
    const again = await stack.request('POST', '/api/v1/dead-letters/replay', { ids: [last!.deadLetterId] })
    expect(again).toMatchObject({ status: 409, body: { detail: expect.stringContaining('has been replayed') } })
    expect((await correct((await lettersOf(jobId)).at(-1)!, '1,1')).status).toBe(409)
    expect((await rowsOf('read_lines')).map(({ id }) => id)).toEqual([1, 2, 3, 4])
    // A replay says nothing of the job, and is not what a run goes on from.
    const job = await stack.request<{ latestExecutionId: string }>('GET', `/api/v1/jobs/${jobId}`)
    expect(job.body.latestExecutionId).toBe(executionId)
  }, 120_000)
})

describe('an expression that fails', () => {
  test('sends the record through its own branch only, with side inputs read as ever', async () => {
    await writeFile(join(stack.files, 'orders.csv'), 'id,price,country\n1,12.50,de\n2,x,fr\n3,7.25,de\n')
    await writeFile(join(stack.files, 'countries.csv'), 'code,country_name\nde,Germany\nfr,France\n')
    await onServer(
      mysql,
      `CREATE TABLE raw_orders (id BIGINT, price VARCHAR(20));
       CREATE TABLE priced_orders (id BIGINT, cents BIGINT, country_name VARCHAR(20))`,
    )
    const { jobId, records } = await run({
      name: 'orders',
      onBadRecord,
      parameters: { factor: { type: 'INT', default: 100 } },
      nodes: [
        {
          id: 'in',
          source: 'file',
          config: { path: 'orders.csv', columns: { id: 'BIGINT', price: 'VARCHAR', country: 'VARCHAR' } },
        },
        { id: 'countries', source: 'file', config: { path: 'countries.csv' } },
        { id: 'all', operator: 'FILTER', input: 'in', config: { where: 'id > 0' } },
        {
          id: 'cents',
          operator: 'MAP',
          input: 'all',
          config: { set: { cents: 'CAST(CAST(price AS DECIMAL(10,2)) * ${factor} AS BIGINT)' } },
        },
        {
          id: 'named',
          operator: 'JOIN',
          inputs: { left: 'cents', right: 'countries' },
          config: {
            type: 'LEFT',
            on: 'left.country = right.code',
            select: { id: 'left.id', cents: 'left.cents', country_name: 'right.country_name' },
          },
        },
        { id: 'few', operator: 'MAP', input: 'all', config: { select: ['id', 'price'] } },
        toTable('raw_orders', 'few'),
        toTable('priced_orders', 'named'),
      ],
    })
    expect(records).toMatchObject({ read: 3, failed: 1, written: 5 })
    const [letter] = await lettersOf(jobId)
    expect(letter).toMatchObject({
      operatorId: 'cents',
      originalRecord: '{"id":2,"price":"x","country":"fr"}',
      sourcePosition: { line: 3 },
      recordForm: { kind: 'JSON', of: 'in', nodeId: 'cents' },
    })
    expect((await correct(letter!, '{"id":2,"prize":"9.99"}')).body).toMatchObject({
      hint: expect.stringContaining('price'),
    })
    expect((await correct(letter!, 'no JSON')).status).toBe(400)
    await correct(letter!, '{"id":"two","price":"9.99","country":"fr"}')
    expect(await replay({ jobId })).toMatchObject([{ records: { read: 1, failed: 1, written: 0 } }])

    const [second] = await lettersOf(jobId, '?status=NEW')
    expect(second).toMatchObject({
      operatorId: 'in',
      recordForm: { of: 'in', nodeId: 'cents' },
      sourcePosition: { line: 3 },
    })
    await correct(second!, '{"id":2,"price":"9.99","country":"fr"}')
    expect(await replay({ jobId })).toMatchObject([
      { status: 'COMPLETED', records: { read: 1, sideRead: 2, written: 1 } },
    ])
    expect(await rowsOf('priced_orders')).toEqual([
      { id: 1, cents: 1250, country_name: 'Germany' },
      { id: 2, cents: 999, country_name: 'France' },
      { id: 3, cents: 725, country_name: 'Germany' },
    ])
    expect(await rowsOf('raw_orders')).toHaveLength(3)
  }, 120_000)
})

describe('a record that the target refuses', () => {
  test('goes to that target alone, through the newest version of the job where that is asked for', async () => {
    await writeFile(join(stack.files, 'names.csv'), 'id,name\n1,Ann\n2,Bartholomew\n3,Cy\n')
    await onServer(
      mysql,
      'CREATE TABLE short_names (id BIGINT, name VARCHAR(5)); CREATE TABLE long_names (id BIGINT, name VARCHAR(50))',
    )
    const spec = (name: string) => ({
      name: 'names',
      onBadRecord,
      nodes: [
        { id: 'in', source: 'file', config: { path: 'names.csv' } },
        { id: 'shaped', operator: 'MAP', input: 'in', config: { set: { name } } },
        toTable('short_names', 'shaped'),
        toTable('long_names', 'shaped'),
      ],
    })
    const { jobId, records } = await run(spec('name'))
    expect(records).toMatchObject({ read: 3, written: 5, failed: 1 })
    expect(await lettersOf(jobId)).toMatchObject([
      { operatorId: 'short_names', originalRecord: '{"id":2,"name":"Bartholomew"}', recordForm: { of: 'in' } },
    ])
    // Nothing has changed: it is refused again.
    expect(await replay({ jobId })).toMatchObject([{ status: 'COMPLETED', records: { written: 0, failed: 1 } }])
    await stack.request('PUT', `/api/v1/jobs/${jobId}`, { ...spec('left(name, 5)'), version: 1 })
    expect(await replay({ jobId, version: 'NEWEST', filter: { operatorId: 'short_names' } })).toMatchObject([
      { status: 'COMPLETED', jobVersion: 2, records: { written: 1 } },
    ])
    expect((await rowsOf('short_names')).map(({ name }) => name)).toEqual(['Ann', 'Barth', 'Cy'])
    expect((await rowsOf('long_names')).map(({ name }) => name)).toEqual(['Ann', 'Bartholomew', 'Cy'])
  }, 120_000)
})

test('what needs the other records is refused, and says what to do', async () => {
  await writeFile(join(stack.files, 'sums.csv'), 'id,n\n1,5\n2,x\n')
  const source = { id: 'in', source: 'file', config: { path: 'sums.csv', columns: { id: 'BIGINT', n: 'BIGINT' } } }
  const files = (input: string, mode: string) => {
    const config = { path: `sums-of-${input}`, format: 'csv', mode }
    return { id: 'out', sink: 'file', input, config }
  }
  const sum = { id: 'sum', operator: 'AGGREGATE', input: 'in', config: { aggregates: { total: 'sum(n)' } } }
  const replacing = await run({ name: 'replacing', onBadRecord, nodes: [source, files('in', 'REPLACE')] })
  const summing = await run({ name: 'summing', onBadRecord, nodes: [source, sum, files('sum', 'APPEND')] })
  for (const [{ jobId }, reason] of [
    [replacing, 'replaces what is there'],
    [summing, 'of many records'],
  ] as const) {
    const [letter] = await lettersOf(jobId)
    const answer = await stack.request('POST', '/api/v1/dead-letters/replay', { ids: [letter?.deadLetterId] })
    const body = { detail: expect.stringContaining(reason), hint: expect.any(String) }
    expect(answer).toMatchObject({ status: 409, body })
    expect((await lettersOf(jobId))[0]).toMatchObject({ status: 'NEW' })
  }
}, 120_000)

describe('what is allowed', () => {
  const lines = Array.from({ length: 200_000 }, (_, id) => `${id},${id % 16_000 === 11 ? 'x' : id}`)
  const spec = (name: string, allowed: object) => ({
    name,
    parallelism: 2,
    onBadRecord: { action: 'DEAD_LETTER', ...allowed },
    nodes: [
      { id: 'in', source: 'file', config: { path: 'many.csv', columns: { id: 'BIGINT', n: 'BIGINT' } } },
      { id: 'out', sink: 'file', input: 'in', config: { path: name, format: 'csv' } },
    ],
  })

  test('is judged over all subtasks, of which none has seen too many, and a restart may allow more', async () => {
    await writeFile(join(stack.files, 'many.csv'), `id,n\n${lines.join('\n')}\n`)
    const failed = await run(spec('few', { max: 9 }))
    expect(failed).toMatchObject({ status: 'FAILED', error: { code: 'record.tolerance' } })
    await stack.request('PUT', `/api/v1/jobs/${failed.jobId}`, { ...spec('few', { max: 13 }), version: 1 })
    const path = `/api/v1/executions/${failed.executionId}/restart`
    const { body } = await stack.request<{ executionId: string }>('POST', path, {})
    const report = await stack.untilEnded(body.executionId)
    expect(report).toMatchObject({ status: 'COMPLETED', records: { read: 200_000, written: 199_987, failed: 13 } })
    expect(await lettersOf(failed.jobId)).toHaveLength(13)
  }, 120_000)

  test('as a ratio is judged over all of them, too', async () => {
    const one = { action: 'DEAD_LETTER', maxRatio: 0.00006 }
    expect(await run(spec('ratio', one))).toMatchObject({ status: 'FAILED', error: { code: 'record.tolerance' } })
    const report = await run(spec('more', { ...one, maxRatio: 0.00007 }))
    expect(report).toMatchObject({ status: 'COMPLETED', records: { failed: 13 } })
  }, 120_000)
})

test('a record of a stream is replayed while the stream runs', async () => {
  await writeFile(join(stack.files, 'stream-1.csv'), 'id,n\n1,10\n2,x\n')
  await onServer(mysql, 'CREATE TABLE streamed (id BIGINT NOT NULL, n BIGINT)')
  const executionId = await stack.submit({
    name: 'stream',
    type: 'STREAMING',
    onBadRecord,
    checkpoint: { interval: '200ms' },
    nodes: [
      {
        id: 'in',
        source: 'file',
        config: { path: 'stream-*.csv', columns: { id: 'BIGINT', n: 'VARCHAR' }, watch: true },
      },
      { id: 'cast', operator: 'MAP', input: 'in', config: { cast: { n: 'BIGINT' } } },
      toTable('streamed', 'cast'),
    ],
  })
  const { jobId } = await stack.execution(executionId)
  const letter = await until('the dead letter is there', async () => (await lettersOf(jobId))[0])
  await correct(letter, '{"id":2,"n":"20"}')
  expect(await replay({ jobId })).toMatchObject([{ status: 'COMPLETED', records: { written: 1 } }])
  expect(await stack.execution(executionId)).toMatchObject({ status: 'RUNNING' })
  const job = await stack.request<{ status: string }>('GET', `/api/v1/jobs/${jobId}`)
  expect(job.body.status).toBe('RUNNING')
  await writeFile(join(stack.files, 'stream-2.csv'), 'id,n\n3,30\n')
  await until('the stream has gone on', async () => (await rowsOf('streamed')).length === 3)
  expect((await rowsOf('streamed')).map(({ n }) => n)).toEqual([10, 20, 30])
  await stack.request('POST', `/api/v1/executions/${executionId}/cancel`, {})
  expect((await stack.untilEnded(executionId)).status).toBe('CANCELLED')
}, 120_000)
