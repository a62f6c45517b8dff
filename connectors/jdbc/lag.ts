import { JobError } from '../../core/errors/job-error.js'
import { parseDuration } from '../../core/spec/duration.js'
import type { Table } from './plan-table.js'

/** Long enough for a transaction of a statement or two, and for times that many rows share. */
const usualMs = 5000

/** What was written a moment ago is left for the next time: what comes before it may not be committed yet. */
export function settledCondition({
  dialect,
  relation,
  config,
}: Pick<Table, 'dialect' | 'relation' | 'config'>): readonly string[] {
  if (!config.incremental) return []
  const { lag } = config.incremental
  const [column] = relation.key
  const isTime = /^(TIMESTAMP|DATE)/.test(column!.type)
  if (typeof lag === 'number') {
    if (isTime) throw wrong('a duration like 30s', 'a time')
    const name = dialect.name(column!.name)
    return lag === 0 ? [] : [`${name} <= (SELECT MAX(${name}) FROM ${relation.from}) - ${lag}`]
  }
  if (lag !== undefined && !isTime) throw wrong('a number of values like 1000', 'no time')
  const lagMs = lag === undefined ? usualMs : (parseDuration(lag) ?? usualMs)
  return isTime && lagMs > 0 ? [dialect.reading.settled(column!, lagMs)] : []
}

const wrong = (expected: string, what: string) =>
  new JobError('config.invalid', `Expected ${expected}, since the column is ${what}.`, { pointer: '/incremental/lag' })
