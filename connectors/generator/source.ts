import { setTimeout as sleep } from 'node:timers/promises'
import { JobError, toJobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import { pointerTo } from '../../core/spec/pointer.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import { declaredColumns } from '../declared-columns.js'
import { withOwnSession } from '../own-session.js'
import type { ConnectorContext, Reached, Source, SourceBatch } from '../spi.js'
import { columnValue, readColumn, usualType, widthOf } from './column-value.js'
import type { GeneratedColumn, GeneratorConfig } from './config.js'
import { generatedBatch } from './generated-batch.js'
import { dueInMs, type GeneratorPosition, type GeneratorSplit, planRecords } from './plan-records.js'
import { type ColumnSql, selectRecords } from './select-records.js'

const batchRecords = 262_144
/** A timer takes no more. */
const longestMs = 2 ** 31 - 1

/** Every value is a function of the settings and of the record's number, so any split gives the same records anywhere (I9). */
export function generatorSource(
  config: GeneratorConfig,
  ctx?: Pick<ConnectorContext, 'signal'>,
  now: () => number = Date.now,
): Source {
  const columns = Object.entries(config.columns).map(([name, given]) => ({ name, column: readColumn(given) }))
  const amount = {
    rows: config.rows ?? null,
    rowsPerSecond: config.rowsPerSecond ?? null,
    bytesPerRecord: columns.reduce((sum, { column }) => sum + widthOf(column), 0),
  }
  return {
    schema: () => withOwnSession((session) => schemaOf(columns, config.seed, session)),

    plan: async (from, budget, parallelism) =>
      planRecords(from as GeneratorPosition | null, budget, parallelism, amount, now()),

    awaitInput: async (from) => {
      const waitMs = from === null ? 0 : dueInMs(from as GeneratorPosition, amount, now())
      await sleep(Math.min(Math.max(waitMs, 1), longestMs), undefined, ctx).catch(() => undefined)
    },

    async *read(planned, schema, session): AsyncGenerator<SourceBatch, Reached, void> {
      const split = planned as GeneratorSplit
      const typed = columns.map((one, index) => compile(one, schema[index]?.type ?? null, config.seed))
      for (let from = split.from; from < split.to; from += batchRecords) {
        yield generatedBatch(typed, { from, to: Math.min(from + batchRecords, split.to) }, session)
      }
      // Nobody asks: every plan says where it ends.
      return { position: null, end: false }
    },
  }
}

interface Named {
  readonly name: string
  readonly column: GeneratedColumn
}

const compile = ({ name, column }: Named, type: string | null, seed: number): ColumnSql => ({
  name,
  sql: columnValue(name, column, type, seed),
  isWritten: 'value' in column,
})

async function schemaOf(columns: readonly Named[], seed: number, session: Session): Promise<Schema> {
  const declared = columns.flatMap(({ name, column }) =>
    'type' in column && column.type !== undefined ? [[name, column.type] as const] : [],
  )
  const types = new Map(
    (await declaredColumns(Object.fromEntries(declared), session)).map((one) => [one.name, one.type]),
  )
  const compiled: ColumnSql[] = []
  let schema: Schema = []
  for (const one of columns) {
    const made = compile(one, types.get(one.name) ?? usualType(one.column), seed)
    compiled.push(made)
    schema = await tryColumn(compiled, one.name, session)
  }
  return schema
}

/** Bound after the columns above it. What is no expression of a person's cannot fail for one record alone, so one is made. */
async function tryColumn(compiled: readonly ColumnSql[], name: string, session: Session): Promise<Schema> {
  const last = compiled.at(-1)!
  try {
    if (!last.isWritten) await session.run(selectRecords([last], { from: 0, to: 1 }))
    return await session.describe(selectRecords(compiled, { from: 0, to: 1 }))
  } catch (cause) {
    const { code, message, hint } = toJobError(cause)
    throw new JobError(last.isWritten ? code : 'config.invalid', `Column ${identifier(name)}: ${message}`, {
      cause,
      pointer: pointerTo(['columns', name]),
      ...(hint === undefined ? {} : { hint }),
    })
  }
}
