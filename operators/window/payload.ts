/** What a window keeps for its result: accumulators where every aggregate allows it, else records. */
import { sameName } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import { list } from '../columns.js'
import type { Grouping } from '../group/grouping.js'
import type { PartialAggregate } from '../group/partial-aggregates.js'

export interface Kept {
  /** SELECT of state rows from records with their windows; `place`: of a record among all. */
  readonly rows: (from: string, place: string) => string
  /** SELECT of rows that stand for those of their groups; null: each row stands for itself. */
  readonly merged: ((rows: string) => string) | null
  /** Statements after rows have been added. */
  readonly compact: (state: string) => readonly string[]
  /** SELECT of results from state rows, in order, of the groups that `having` is true of, given the newest of their places. */
  readonly results: (rows: string, having: (newest: string) => string) => string
}

export function partialsKept({ keys, results, windows }: Grouping, partials: readonly PartialAggregate[]): Kept {
  const parts = partials.flatMap(({ columns }) => columns)
  const names = stateKeys(keys)
  const merged = parts.map(({ merge }, index) => `${merge(`part${index}`)} AS part${index}`)
  const mergedItems = [...names, ...merged, 'min(place) AS place, max(newest) AS newest, true AS merged'].join(', ')
  const mergedRows = (rows: string) => `SELECT ${mergedItems} FROM ${rows} GROUP BY ${names.join(', ')}`
  let next = 0
  const values = partials.map(
    ({ column, columns, final }) =>
      `${final(columns.map(({ merge }) => merge(`part${next++}`)))} AS ${identifier(column)}`,
  )
  return {
    rows: (from, place) => {
      const items = [
        ...keys.map((key, index) => `${identifier(key)} AS key${index}`),
        ...parts.map(({ of }, index) => `${of} AS part${index}`),
        `min(${place}) AS place, max(${place}) AS newest, false AS merged`,
      ]
      return `SELECT ${items.join(', ')} FROM ${from} GROUP BY ${list(keys)}`
    },
    merged: (rows) => mergedRows(rows),
    compact: (state) => {
      const rest = identifier(`compact ${state}`)
      const due = `SELECT 1 FROM (SELECT count(*) FILTER (WHERE merged) AS old, count(*) AS everything FROM ${state})
        WHERE everything - old > greatest(old, ${WORTHWHILE})`
      const rows = `(SELECT state.* FROM ${state} AS state, (${due}))`
      const whole = windows?.merge == null ? rows : windows.merge(rows, names)
      return [
        `CREATE OR REPLACE TABLE ${rest} AS ${mergedRows(whole)}`,
        `DELETE FROM ${state} WHERE EXISTS (FROM ${rest})`,
        `INSERT INTO ${state} FROM ${rest}`,
        `DROP TABLE ${rest}`,
      ]
    },
    results: (rows, having) => {
      const groups = [...keys.map((key, index) => `${names[index]} AS ${identifier(key)}`), ...values]
      const items = [list(keys), ...results.map(({ name, split }) => `(${split.outer}) AS ${identifier(name)}`)]
      return `SELECT ${items.join(', ')} FROM (
          SELECT ${groups.join(', ')}, min(place) AS "aggregate place" FROM ${rows} GROUP BY ${names.join(', ')} HAVING ${having('max(newest)')})
        ORDER BY ${identifier(keys.at(-1)!)}, "aggregate place"`
    },
  }
}

/** Fewer rows than this are not worth the statement. */
const WORTHWHILE = 50_000

export function recordsKept({ records, keys, results, windows }: Grouping): Kept {
  const read = [...results.flatMap(({ split }) => split.columns)]
  const needed = records.schema.filter(
    ({ name }) =>
      read.some((column) => sameName(column, name)) &&
      !keys.some((key) => sameName(key, name)) &&
      name !== windows?.time,
  )
  const names = stateKeys(keys)
  const items = [list(keys), ...results.map(({ name, split }) => `(${split.inSourceOrder}) AS ${identifier(name)}`)]
  const columns = needed.map(({ name }, index) => ({ name, own: `record${index}` }))
  return {
    rows: (from, place) => {
      const kept = columns.map(({ name, own }) => `${identifier(name)} AS ${own}`)
      const chosen = [...keys.map((key, index) => `${identifier(key)} AS key${index}`), ...kept]
      return `SELECT ${chosen.join(', ')}, ${place} AS place, ${place} AS newest FROM ${from}`
    },
    merged: null,
    compact: () => [],
    results: (rows, having) => {
      const seen = [
        ...keys.map((key, index) => `${names[index]} AS ${identifier(key)}`),
        ...columns.map(({ name, own }) => `${own} AS ${identifier(name)}`),
      ]
      const due = `(SELECT * FROM ${rows} QUALIFY ${having(`max(newest) OVER (PARTITION BY ${names.join(', ')})`)})`
      // Under their own names alone: a column of the input may be called as one of the state is.
      const given = `(SELECT place AS rowid, ${seen.join(', ')} FROM ${due})`
      return `SELECT ${items.join(', ')} FROM ${given} GROUP BY ${list(keys)} ORDER BY ${identifier(keys.at(-1)!)}, min(rowid)`
    },
  }
}

const stateKeys = (keys: readonly string[]): string[] => keys.map((_, index) => `key${index}`)
