import { toJobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { amongAll } from '../left-out.js'
import type { SourceBatch } from '../spi.js'
import type { GeneratorSplit } from './plan-records.js'
import { type ColumnSql, numbers, selectRecords } from './select-records.js'

/** Of so many bad records of a batch DuckDB's own words are told; of the others, which column could not be computed. */
const explained = 20

/** Only expressions of a person's can fail: for a number that does not convert, say. */
export function generatedBatch(columns: readonly ColumnSql[], range: GeneratorSplit, session: Session): SourceBatch {
  const select = selectRecords(columns, range)
  let inBatch = (index: number) => index
  return {
    select,
    records: range.to - range.from,
    place: (index) => ({ record: range.from + inBatch(index) }),
    async isolate() {
      const bad = await badRecords(columns, range, session)
      inBatch = amongAll(bad.map(({ n }) => n - range.from))
      const rejected = []
      for (const [index, { n, name }] of bad.entries()) {
        const words = index < explained ? await wordsFor(columns, n, session) : null
        const message = `Column ${identifier(name)} cannot be computed${words === null ? '.' : `: ${words}`}`
        rejected.push({ original: JSON.stringify({ n }), place: { record: n }, code: 'record.bad', message })
      }
      const without = bad.length === 0 ? '' : ` WHERE n NOT IN (${bad.map(({ n }) => n).join(', ')})`
      return { select: selectRecords(columns, range, without), rejected }
    },
    release: async () => {},
  }
}

/**
 * Column by column, each over those above it: TRY gives NULL where an expression fails, and a list where it gives NULL.
 * A column that uses another fails with it, so the first that fails is the one to name.
 */
async function badRecords(columns: readonly ColumnSql[], range: GeneratorSplit, session: Session) {
  // Longer than any name, so that it is none of them.
  const prefix = '_'.repeat(Math.max(...columns.map(({ name }) => name.length)) + 1)
  const number = identifier(`${prefix}n`)
  const lists = columns.map((_, index) => identifier(`${prefix}${index}`))
  let tried = `SELECT n AS ${number} FROM ${numbers(range)}`
  for (const [index, { sql }] of columns.entries()) {
    const done = [number, ...lists.slice(0, index)]
    // `n` is the number of the record, whatever column is called so.
    const above = columns
      .slice(0, index)
      .flatMap(({ name }, at) => (name.toLowerCase() === 'n' ? [] : [`${lists[at]}[1] AS ${identifier(name)}`]))
    const scope = `SELECT ${[...done, `${number} AS n`, ...above].join(', ')} FROM (${tried})`
    tried = `SELECT ${done.join(', ')}, TRY([${sql}]) AS ${lists[index]} FROM (${scope})`
  }
  const faults = columns.map(({ name }, index) => `WHEN ${lists[index]} IS NULL THEN ${text(name)}`)
  const rows = await session.rows(
    `SELECT * FROM (SELECT ${number}, CASE ${faults.join(' ')} END AS fault FROM (${tried})) WHERE fault IS NOT NULL ORDER BY 1`,
  )
  return rows.map(([n, name]) => ({ n: Number(n), name: String(name) }))
}

async function wordsFor(columns: readonly ColumnSql[], n: number, session: Session): Promise<string | null> {
  try {
    await session.rows(selectRecords(columns, { from: n, to: n + 1 }))
    return null
  } catch (error) {
    return toJobError(error).message
  }
}
