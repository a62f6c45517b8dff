/** WINDOW in STREAMING against what Apache Flink made of the same records (test/flink), wherever epochs are cut. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { compileJob } from '../../../engine/compile-job.js'
import { type DriveOptions, drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

interface Case {
  readonly seed: number
  readonly window: {
    readonly type: 'TUMBLING' | 'HOPPING' | 'SESSION'
    readonly size?: number
    readonly slide?: number
    readonly gap?: number
    readonly offset?: number
  }
  readonly bound: number
  readonly lateness: number
  /** [key, milliseconds] in order of arrival. */
  readonly records: readonly (readonly [number, number])[]
}

interface Answer {
  /** By `key start end`: the numbers of its records, as last told. */
  readonly windows: Readonly<Record<string, string>>
  readonly late: readonly number[]
}

const cases = linesOf<Case>('cases.jsonl')
const answers = linesOf<Answer>('answers.jsonl')
const all = cases.map((one, index) => ({ one, answer: answers[index]!, name: nameOf(one) }))

const ids = "string_agg(CAST(i AS VARCHAR), ' ' ORDER BY i)"
const partial = { many: 'count(*)', sum: 'sum(i)' }

function linesOf<One>(name: string): readonly One[] {
  const text = readFileSync(new URL(`../../flink/${name}`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as One)
}

function nameOf({ seed, window, bound, lateness }: Case): string {
  return `${JSON.stringify(window)}, bound ${bound}, lateness ${lateness}, seed ${seed}`
}

function jobOf({ window, bound, lateness, records }: Case, type: string, aggregates: object) {
  const ms = (value: number | undefined) => (value === undefined ? undefined : `${value}ms`)
  const config = {
    type: window.type,
    size: ms(window.size),
    slide: ms(window.slide),
    gap: ms(window.gap),
    offset: ms(window.offset),
    allowedLateness: ms(lateness),
    groupBy: ['k'],
    aggregates,
  }
  return {
    name: 'reference',
    type,
    nodes: [
      {
        id: 'records',
        source: 'shelf',
        config: {
          count: records.length,
          batch: 60,
          select: `n AS i, ([${records.map(([key]) => key).join(',')}])[n + 1] AS k, make_timestamp(([${records.map(([, at]) => at).join(',')}])[n + 1]::BIGINT * 1000) AS ts`,
          types: { i: 'BIGINT', k: 'INTEGER', ts: 'TIMESTAMP' },
        },
        watermark: { time: 'ts', outOfOrderness: `${bound}ms` },
      },
      { id: 'win', operator: 'WINDOW', input: 'records', config },
      { id: 'out', sink: 'shelf', input: 'win', config: {} },
      { id: 'late', sink: 'shelf', input: 'win.late', config: {} },
    ],
  }
}

async function run(one: Case, type: 'BATCH' | 'STREAMING', aggregates: object, options: DriveOptions = {}) {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts) => {
    const job = await compileJob(jobOf(one, type, aggregates), parts)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    await drive(job.graph, parts, { ...options, settings: { type } })
  })
  const ms = (value: unknown) => Date.parse(`${String(value).replace(' ', 'T')}Z`)
  const windows: Record<string, string> = {}
  const late: number[] = []
  for (const row of shelf.rows)
    if (row.length === 3) late.push(Number(row[0]))
    else windows[`${row[0]} ${ms(row[1])} ${ms(row[2])}`] = row.slice(3).map(String).join(' ')
  return { windows, late: late.sort((a, b) => a - b) }
}

/** What partial results make of the same windows. */
function summed({ windows, late }: Answer): Answer {
  const sum = (numbers: string) => {
    const each = numbers.split(' ').map(Number)
    return `${each.length} ${each.reduce((a, b) => a + b, 0)}`
  }
  return { windows: Object.fromEntries(Object.entries(windows).map(([key, numbers]) => [key, sum(numbers)])), late }
}

const sizes = (seed: number) => {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return 1 + (state % 80)
  }
}

test('the answers are those of the cases', () => {
  expect(answers).toHaveLength(cases.length)
  expect(cases.length).toBeGreaterThanOrEqual(40)
  expect(answers.some(({ late }) => late.length > 20)).toBe(true)
})

describe.each(['TUMBLING', 'HOPPING', 'SESSION'])('%s', (type) => {
  const own = all.filter(({ one }) => one.window.type === type)
  test.each(own)(
    '$name',
    async ({ one, answer }) => {
      const cut = { epochRecords: sizes(one.seed), cold: one.seed % 2 === 1 }
      expect(await run(one, 'STREAMING', { ids }, one.seed % 2 === 0 ? cut : {})).toEqual(answer)
      expect(await run(one, 'STREAMING', partial, one.seed % 2 === 1 ? cut : {})).toEqual(summed(answer))
    },
    120_000,
  )
  const [few] = own.filter(({ one }) => one.records.length < 100).slice(2)
  test(`record by record, ${few!.name}`, async () => {
    expect(await run(few!.one, 'STREAMING', { ids }, { epochRecords: 1 })).toEqual(few!.answer)
  }, 120_000)
})
