/** Random graphs over random data: at any parallelism, cut into any epochs and tried again, they give what one query gives. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JobSettings } from '../../../core/spec/settings.js'
import { openSession } from '../../../duckdb/open-session.js'
import { identifier } from '../../../duckdb/sql.js'
import { compileJob } from '../../../engine/compile-job.js'
import type { EngineParts } from '../../../engine/engine.js'
import { drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

type Columns = Readonly<Record<string, string>>

const facts = {
  types: { id: 'BIGINT', k: 'INTEGER', s: 'VARCHAR', x: 'DECIMAL(12,2)', d: 'DOUBLE', t: 'TIMESTAMP' },
  select: `n AS id, CASE WHEN hash(n) % 11 = 0 THEN NULL ELSE CAST(hash(n, 1) % 17 AS INTEGER) END AS k,
    CASE WHEN hash(n) % 7 = 0 THEN NULL ELSE chr(CAST(97 + hash(n, 2) % 5 AS INTEGER)) || repeat('ü', CAST(n % 3 AS INTEGER)) END AS s,
    CAST(CAST(hash(n, 3) % 100000 AS INTEGER) / 100 AS DECIMAL(12,2)) AS x, CAST(hash(n, 4) % 1000 AS INTEGER) / 8 AS d,
    TIMESTAMP '1969-12-31 12:00' + INTERVAL 1 MINUTE * CAST(hash(n, 5) % 1440 AS INTEGER) AS t`,
}
/** Some keys twice, some never, one missing. */
const names = {
  types: { k: 'BIGINT', name: 'VARCHAR' },
  select: `CASE WHEN n = 3 THEN NULL ELSE n % 13 + 2 END AS k, 'name ' || n AS name`,
}
const namesCount = 23

interface Step {
  readonly kind: 'FILTER' | 'MAP' | 'FLATMAP' | 'AGGREGATE' | 'WINDOW' | 'JOIN' | 'DEDUPLICATE' | 'UNION' | 'TOP'
  /** Chooses among what is possible. */
  readonly pick: number
  readonly parallelism: number
}

const parallelism = fc.constantFrom(1, 2, 5)
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('FILTER', 'MAP', 'FLATMAP', 'AGGREGATE', 'WINDOW', 'JOIN', 'DEDUPLICATE', 'UNION', 'TOP'),
  pick: fc.nat(1000),
  parallelism,
})
const trial = fc.record({
  records: fc.integer({ min: 0, max: 400 }),
  sources: parallelism,
  sink: parallelism,
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  epochRecords: fc.integer({ min: 17, max: 500 }),
  cold: fc.boolean(),
  lastFirst: fc.boolean(),
  failures: fc.array(fc.nat(20), { maxLength: 3 }),
})
type Trial = typeof trial extends fc.Arbitrary<infer T> ? T : never

test('a graph gives what one query gives', async () => {
  await fc.assert(
    fc.asyncProperty(trial, async (given) => {
      const shelf = new Shelf()
      await withParts([shelf.connector], async (parts, folder) => {
        const { spec, query } = built(given)
        const expected = await answerOf(query, folder)
        await run(spec, parts, given, shelf)
        expect(asText(shelf.rows)).toEqual(asText(expected))
      })
    }),
    { numRuns: Number(process.env.ETL_DIFFERENTIAL_RUNS ?? 15) },
  )
}, 600_000)

const streamed = fc.record({
  given: trial,
  before: fc.array(
    fc.record({
      kind: fc.constantFrom('FILTER', 'MAP', 'FLATMAP', 'JOIN', 'UNION'),
      // A RIGHT or FULL join has something to tell at an end, and there is none.
      pick: fc.nat(1000).filter((pick) => pick % 6 !== 2 && pick % 6 !== 3),
      parallelism,
    }),
    { maxLength: 3 },
  ),
  last: fc.record({ kind: fc.constantFrom('AGGREGATE', 'DEDUPLICATE'), pick: fc.nat(1000), parallelism }),
})

test('in STREAMING, a reader that keeps the last of each key has what one query gives', async () => {
  await fc.assert(
    fc.asyncProperty(streamed, async ({ given, before, last }) => {
      const shelf = new Shelf()
      await withParts([shelf.connector], async (parts, folder) => {
        const { spec, query, keys } = built({ ...given, steps: [...before, last] })
        const expected = await answerOf(query, folder)
        await run({ ...spec, type: 'STREAMING' }, parts, given, shelf, { type: 'STREAMING' })
        const byKey = new Map(shelf.rows.map((row) => [asText([keys.map((at) => row[at])])[0], row]))
        expect(asText([...byKey.values()])).toEqual(asText(expected))
      })
    }),
    { numRuns: Number(process.env.ETL_DIFFERENTIAL_RUNS ?? 10) },
  )
}, 600_000)

function asText(rows: readonly unknown[][]): string[] {
  return rows
    .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
    .sort()
}

async function run(
  spec: object,
  parts: EngineParts,
  { epochRecords, cold, lastFirst, failures }: Trial,
  shelf: Shelf,
  settings: Partial<JobSettings> = {},
) {
  const compiled = await compileJob(spec, parts)
  if (!compiled.ok) throw new Error(JSON.stringify([spec, compiled.problems]))
  let commits = 0
  shelf.beforeCommit = () => {
    commits += 1
    if (failures.includes(commits)) throw new Error('The power failed.')
  }
  await drive(compiled.graph, parts, { epochRecords, cold, lastFirst, retries: 4, settings })
}

async function answerOf(query: string, folder: string): Promise<unknown[][]> {
  const own = join(folder, 'expected')
  await mkdir(own)
  const session = await openSession({ folder: own, memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
  try {
    return await session.rows(query)
  } finally {
    session.close()
  }
}

interface Built {
  readonly nodes: object[]
  readonly last: string
  readonly columns: Columns
  readonly query: string
}

interface Query {
  readonly spec: object
  readonly query: string
  /** Places of the columns that tell the records of the last step apart. */
  readonly keys: readonly number[]
}

/** The same twice: nodes for the engine, and a query for DuckDB. */
function built({ records, sources, sink, steps }: Trial): Query {
  const source = (id: string, count: number, { select, types }: typeof facts | typeof names) => ({
    id,
    source: 'shelf',
    parallelism: sources,
    config: { count, select, types, batch: 50 },
  })
  let at: Built = {
    nodes: [source('facts', records, facts)],
    last: 'facts',
    columns: facts.types,
    query: `SELECT ${facts.select} FROM range(${records}) t(n)`,
  }
  for (const [index, one] of steps.entries()) at = withStep(at, one, `s${index}`, source)
  const out = { id: 'out', sink: 'shelf', input: at.last, parallelism: sink, config: {} }
  const { config = {} } = at.nodes.at(-1) as {
    readonly config?: { readonly key?: string[]; readonly groupBy?: string[] }
  }
  const keys = (config.key ?? config.groupBy ?? []).map((name) => Object.keys(at.columns).indexOf(name))
  return { spec: { name: 'random', nodes: [...at.nodes, out] }, query: at.query, keys }
}

function withStep(
  at: Built,
  { kind, pick, parallelism }: Step,
  id: string,
  source: (...given: never[]) => object,
): Built {
  const all = Object.keys(at.columns)
  const column = (offset = 0) => all[(pick + offset) % all.length]!
  const operator = (type: string, config: object, more: object = { input: at.last }) => [
    ...at.nodes,
    { id, operator: type, parallelism, config, ...more },
  ]
  const from = `(${at.query})`
  switch (kind) {
    case 'FILTER': {
      const where = `length(CAST(${identifier(column())} AS VARCHAR)) % 3 <> ${pick % 3}`
      return { ...at, nodes: operator('FILTER', { where }), last: id, query: `SELECT * FROM ${from} WHERE ${where}` }
    }
    case 'MAP': {
      const value = `coalesce(CAST(${identifier(column())} AS VARCHAR), '-') || '${pick % 4}'`
      const items = all.map((name) => identifier(name)).join(', ')
      return {
        nodes: operator('MAP', { set: { [id]: value } }),
        last: id,
        columns: { ...at.columns, [id]: 'VARCHAR' },
        query: `SELECT ${items}, ${value} AS ${id} FROM ${from}`,
      }
    }
    case 'FLATMAP': {
      const unnest = `range(length(CAST(${identifier(column())} AS VARCHAR)) % 3)`
      const items = all.map((name) => identifier(name)).join(', ')
      return {
        nodes: operator('FLATMAP', { unnest, as: id }),
        last: id,
        columns: { ...at.columns, [id]: 'BIGINT' },
        query: `SELECT ${items}, unnest(${unnest}) AS ${id} FROM ${from}`,
      }
    }
    case 'AGGREGATE': {
      const groupBy = pick % 5 === 0 ? [] : [...new Set([column(), ...(pick % 2 === 0 ? [column(1)] : [])])]
      const of = identifier(column(2))
      const aggregates = {
        [`${id}n`]: 'count(*)',
        [`${id}c`]: `count(${of})`,
        [`${id}m`]: `max(${of})`,
        [`${id}d`]: `count(DISTINCT ${of})`,
      }
      const items = [
        ...groupBy.map((name) => identifier(name)),
        ...Object.entries(aggregates).map(([name, call]) => `${call} AS ${name}`),
      ]
      const grouped = groupBy.length === 0 ? '' : ` GROUP BY ${groupBy.map((name) => identifier(name)).join(', ')}`
      return {
        nodes: operator('AGGREGATE', { groupBy, aggregates }),
        last: id,
        columns: {
          ...Object.fromEntries(groupBy.map((name) => [name, at.columns[name]!])),
          ...Object.fromEntries(
            Object.keys(aggregates).map((name) => [name, name === `${id}m` ? at.columns[column(2)]! : 'BIGINT']),
          ),
        },
        query: `SELECT ${items.join(', ')} FROM ${from}${grouped}`,
      }
    }
    case 'WINDOW': {
      const time = all.filter((name) => at.columns[name] === 'TIMESTAMP' && !name.startsWith('window_'))[0]
      if (time === undefined) return at
      const groups = all.filter((name) => !name.startsWith('window_') && name !== time)
      const group = groups[pick % groups.length]
      const groupBy = pick % 4 === 0 || group === undefined ? [] : [group]
      const aggregates = {
        [`${id}n`]: 'count(*)',
        [`${id}t`]: `max(${identifier(time)})`,
        ...(pick % 2 === 0 ? { [`${id}d`]: `count(DISTINCT ${identifier(group ?? time)})` } : {}),
      }
      const given = [
        ...groups.map((name) => identifier(name)),
        `coalesce(${identifier(time)}, TIMESTAMP '1970-01-01') AS ${identifier(time)}`,
      ]
      const events = `SELECT ${given.join(', ')} FROM ${from}`
      const { config, windows } = windowOf(
        pick,
        identifier(time),
        events,
        groupBy.map((name) => identifier(name)),
      )
      const keys = [...groupBy.map((name) => identifier(name)), 'window_start', 'window_end']
      const items = [...keys, ...Object.entries(aggregates).map(([name, call]) => `${call} AS ${name}`)]
      const set = { [time]: `coalesce(${identifier(time)}, TIMESTAMP '1970-01-01')` }
      return {
        nodes: [
          ...at.nodes,
          { id: `${id}time`, operator: 'MAP', parallelism, input: at.last, config: { set }, watermark: { time } },
          { id, operator: 'WINDOW', parallelism, input: `${id}time`, config: { ...config, groupBy, aggregates } },
        ],
        last: id,
        columns: {
          ...Object.fromEntries(groupBy.map((name) => [name, at.columns[name]!])),
          window_start: 'TIMESTAMP',
          window_end: 'TIMESTAMP',
          ...Object.fromEntries(
            Object.keys(aggregates).map((name) => [name, name === `${id}t` ? 'TIMESTAMP' : 'BIGINT']),
          ),
        },
        query: `SELECT ${items.join(', ')} FROM (${windows}) GROUP BY ${keys.join(', ')}`,
      }
    }
    case 'JOIN': {
      const numbers = all.filter((name) => /INT$|INTEGER/.test(at.columns[name]!))
      const key = numbers[pick % numbers.length]
      if (key === undefined) return at
      const type = (['INNER', 'LEFT', 'RIGHT', 'FULL', 'SEMI', 'ANTI'] as const)[pick % 6]!
      const half = type === 'SEMI' || type === 'ANTI'
      const on = `left.${identifier(key)} = right.k`
      const strategy = type === 'RIGHT' || type === 'FULL' ? 'HASH' : pick % 2 === 0 ? 'HASH' : 'BROADCAST'
      const select = half
        ? undefined
        : {
            ...Object.fromEntries(all.map((name) => [name, `left.${identifier(name)}`])),
            [`${id}k`]: 'right.k',
            [`${id}name`]: 'right.name',
          }
      const items =
        select === undefined
          ? '"left".*'
          : Object.entries(select)
              .map(
                ([name, value]) =>
                  `${value.replace('left.', '"left".').replace('right.', '"right".')} AS ${identifier(name)}`,
              )
              .join(', ')
      const right = (source as unknown as (id: string, count: number, of: typeof names) => object)(
        `${id}right`,
        namesCount,
        names,
      )
      return {
        nodes: [
          ...at.nodes,
          right,
          {
            id,
            operator: 'JOIN',
            parallelism,
            inputs: { left: at.last, right: `${id}right` },
            config: { type, on, strategy, ...(select === undefined ? {} : { select }) },
          },
        ],
        last: id,
        columns: half ? at.columns : { ...at.columns, [`${id}k`]: 'BIGINT', [`${id}name`]: 'VARCHAR' },
        query: `SELECT ${items} FROM ${from} AS "left" ${type} JOIN (SELECT ${names.select} FROM range(${namesCount}) t(n)) AS "right" ON "left".${identifier(key)} = "right".k`,
      }
    }
    case 'DEDUPLICATE': {
      const key = column()
      const others = all.filter((name) => name !== key)
      const order = [...others, key]
      const keep = pick % 2 === 0 ? 'FIRST' : 'LAST'
      const direction = keep === 'FIRST' ? 'ASC' : 'DESC'
      return {
        ...at,
        nodes: operator('DEDUPLICATE', {
          key: [key],
          keep,
          orderBy: order.map((column) => ({ column, order: 'ASC' })),
        }),
        last: id,
        query: `SELECT * FROM ${from} QUALIFY row_number() OVER (PARTITION BY ${identifier(key)} ORDER BY ${order.map((name) => `${identifier(name)} ${direction} NULLS LAST`).join(', ')}) = 1`,
      }
    }
    case 'UNION': {
      const where = `length(CAST(${identifier(column())} AS VARCHAR)) % 2 = 0`
      const other = `${id}other`
      return {
        ...at,
        nodes: [
          ...at.nodes,
          { id: other, operator: 'FILTER', parallelism, input: at.last, config: { where } },
          { id, operator: 'UNION', parallelism, inputs: { a: at.last, b: other }, config: {} },
        ],
        last: id,
        query: `SELECT * FROM ${from} UNION ALL SELECT * FROM ${from} WHERE ${where}`,
      }
    }
    case 'TOP': {
      const order = [...all.slice(pick % all.length), ...all.slice(0, pick % all.length)]
      const rows = (pick % 50) + 1
      return {
        ...at,
        nodes: [
          ...at.nodes,
          {
            id: `${id}sorted`,
            operator: 'SORT',
            parallelism,
            input: at.last,
            config: { by: order.map((column) => ({ column })) },
          },
          { id, operator: 'LIMIT', input: `${id}sorted`, config: { count: rows } },
        ],
        last: id,
        query: `SELECT * FROM ${from} ORDER BY ${order.map((name) => `${identifier(name)} ASC NULLS LAST`).join(', ')} LIMIT ${rows}`,
      }
    }
  }
}

/** Times lie around 1970: plain SQL tries every window that there may be, and tells sessions by the record before. */
function windowOf(pick: number, time: string, events: string, keys: readonly string[]) {
  const every = (
    slide: number,
    size: number,
    offset: number,
  ) => `SELECT e.*, w.s AS window_start, w.s + INTERVAL '${size} minutes' AS window_end
    FROM (${events}) e
    JOIN (SELECT TIMESTAMP '1970-01-01' + INTERVAL 1 MINUTE * CAST(${offset} + i * ${slide} AS INTEGER) AS s FROM range(-4000, 4000) r(i)) w
      ON e.${time} >= w.s AND e.${time} < w.s + INTERVAL '${size} minutes'`
  const offset = (pick % 7) - 3
  switch (pick % 3) {
    case 0:
      return { config: { type: 'TUMBLING', size: '55m', offset: `${offset}m` }, windows: every(55, 55, offset) }
    case 1: {
      const [size, slide] = pick % 2 === 0 ? [50, 20] : [10, 25]
      return {
        config: { type: 'HOPPING', size: `${size}m`, slide: `${slide}m`, offset: `${offset}m` },
        windows: every(slide!, size!, offset),
      }
    }
    default: {
      const byKey = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')}`
      return {
        config: { type: 'SESSION', gap: '5m' },
        windows: `SELECT * EXCLUDE (session, earlier), min(${time}) OVER whole AS window_start, max(${time}) OVER whole + INTERVAL 5 MINUTE AS window_end FROM (
          SELECT *, sum(CASE WHEN ${time} - earlier <= INTERVAL 5 MINUTE THEN 0 ELSE 1 END) OVER (${byKey} ORDER BY ${time}) AS session FROM (
            SELECT *, lag(${time}) OVER (${byKey} ORDER BY ${time}) AS earlier FROM (${events})))
          WINDOW whole AS (PARTITION BY ${[...keys, 'session'].join(', ')})`,
      }
    }
  }
}
