/** SQL that finds the records for which expressions cannot be computed, and says which (`Compiled.failing`). */
import { type Condition, splitCondition } from '../duckdb/conditions.js'
import { text } from '../duckdb/sql.js'

/** A list of NULL is no NULL: NULL means that the expression failed. */
export const attempt = (expression: string): string => `TRY([${expression}])`

export interface Value {
  readonly expression: string
  /** For people: what is computed. */
  readonly what: string
}

/** Expressions that are all computed for every record of `table`. */
export function failingValues(table: string, values: readonly Value[]): string {
  const tried = values.map(({ expression, what }) => ({ sql: attempt(expression), what }))
  return failingTried(table, tried)
}

export interface Tried {
  /** NULL for the records that fail. */
  readonly sql: string
  readonly what: string
}

export function failingTried(table: string, tries: readonly Tried[]): string {
  const tried = tries.map(({ sql }, index) => `${sql} AS v${index}`)
  const faults = tries.map(({ what }, index) => `WHEN v${index} IS NULL THEN ${text(what)}`)
  return `WITH tried AS MATERIALIZED (SELECT rowid AS place, ${tried.join(', ')} FROM ${table})
    SELECT * FROM (SELECT place, CASE ${faults.join(' ')} END AS fault FROM tried) WHERE fault IS NOT NULL`
}

/**
 * A condition after WHERE: what AND and OR join is not computed where it does not matter, so a record fails only if
 * nothing that can be computed decides about it.
 */
export async function failingCondition(table: string, condition: string): Promise<string> {
  const parts: string[] = []
  const judged = judge(await splitCondition(condition), parts)
  const tried = parts.map((part, index) => `${attempt(part)} AS v${index}`)
  const what = `The condition cannot be computed: ${condition}`
  return `WITH tried AS MATERIALIZED (SELECT rowid AS place, ${tried.join(', ')} FROM ${table})
    SELECT place, ${text(what)} FROM tried WHERE ${judged.fails}`
}

interface Judged {
  readonly fails: string
  readonly isTrue: string
  readonly isNotTrue: string
}

function judge(condition: Condition, parts: string[]): Judged {
  if (condition.kind === 'PLAIN') {
    const value = `v${parts.length}`
    parts.push(condition.text)
    const isTrue = `coalesce(CAST(${value}[1] AS BOOLEAN), false)`
    return { fails: `(${value} IS NULL)`, isTrue, isNotTrue: `(${value} IS NOT NULL AND NOT ${isTrue})` }
  }
  const judged = condition.parts.map((part) => judge(part, parts))
  const any = (of: keyof Judged) => `(${judged.map((one) => one[of]).join(' OR ')})`
  const all = (of: keyof Judged) => `(${judged.map((one) => one[of]).join(' AND ')})`
  return condition.kind === 'AND'
    ? { fails: `(${any('fails')} AND NOT ${any('isNotTrue')})`, isTrue: all('isTrue'), isNotTrue: any('isNotTrue') }
    : { fails: `(${any('fails')} AND NOT ${any('isTrue')})`, isTrue: any('isTrue'), isNotTrue: all('isNotTrue') }
}
