/** A batch of records with their event time in microseconds since 1970, UTC. */

import { JobError } from '../../core/errors/job-error.js'
import { isTime } from '../../core/graph/event-time.js'
import { unusedName } from '../../core/record/schema.js'
import { atMicros, hasTime } from '../../duckdb/event-time.js'
import { identifier, text } from '../../duckdb/sql.js'
import { list, namesOf } from '../columns.js'
import type { Tried } from '../failing.js'
import type { Records } from '../group/grouping.js'
import { type Input, placeIn } from '../operator.js'

/** Columns that no column of the input is called like. */
export interface Names {
  readonly time: string
  readonly start: string
  readonly opens: string
  readonly number: string
  /** The watermark that the record met, in milliseconds; only where it is asked for. */
  readonly met: string
}

export interface TimedRecords {
  readonly names: Names
  readonly records: Records
  /** Those that a condition over the time is true of. */
  readonly only: (condition: string) => Records
  readonly tried: Tried
}

/** `keeps`: which columns of the input go along. `met`: an expression over them. */
export function timedRecords(input: Input, keeps: (name: string) => boolean, met: string | null = null): TimedRecords {
  const given = namesOf(input.schema)
  const unused = (name: string) => unusedName(name, given)
  const names = {
    time: unused('event time'),
    start: unused('window begins'),
    opens: unused('window opens'),
    number: unused('window number'),
    met: unused('event met'),
  }
  const place = identifier(unused('event place'))
  const kept = input.schema.filter(({ name }) => keeps(name))
  const time = eventTime(input)
  const items = [
    `${placeIn(input)} AS ${place}`,
    ...(kept.length === 0 ? [] : [list(namesOf(kept))]),
    `CASE WHEN ${time.isThere} THEN ${time.micros} ELSE error(${text(time.missing)}) END AS ${identifier(names.time)}`,
    ...(met === null ? [] : [`${met} AS ${identifier(names.met)}`]),
  ]
  const from = `(SELECT ${items.join(', ')} FROM ${input.table})`
  const records = { table: input.table, from, schema: [...kept, { name: names.time, type: 'BIGINT' }], place }
  return {
    names,
    records,
    only: (condition) => ({ ...records, from: `(SELECT * FROM ${from} WHERE ${condition})` }),
    tried: { sql: `CASE WHEN ${time.isThere} THEN true END`, what: time.missing },
  }
}

interface EventTime {
  readonly isThere: string
  readonly micros: string
  readonly missing: string
}

function eventTime({ schema, time }: Input): EventTime {
  if (time === null) throw withoutTime(schema)
  const column = schema.find(({ name }) => name === time)!
  return {
    isThere: hasTime(column),
    micros: atMicros(column),
    missing: `The event time \`${time}\` is missing, or out of range.`,
  }
}

function withoutTime(schema: Input['schema']): JobError {
  const likely = schema.find(({ type }) => isTime(type))?.name ?? 'COLUMN'
  const hint = `Say \`watermark: { time: ${likely} }\` beside the config of the source, or of a MAP after which the column keeps its name.`
  return new JobError('spec.invalid', 'WINDOW needs event time, and none reaches it.', { hint })
}
