import { createHash } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import { type Column, type Schema, sameName } from '../../core/record/schema.js'
import type { SinkKey } from '../spi.js'
import type { JdbcSinkConfig } from './config.js'
import type { Db, Dialect } from './dialect.js'

export interface TargetColumn {
  readonly name: string
  /** `decimal(10,2)`, `bigint(20) unsigned`: as the server writes it. */
  readonly columnType: string
  readonly dataType: string
  readonly scale: number | null
  /** Digits of a second that a time or interval keeps; null: as many as there are. */
  readonly fraction: number | null
  /** Characters that a text may have; null: any number. */
  readonly length: number | null
  /** Must be given: NOT NULL, no default, not made by the server. */
  readonly required: boolean
  readonly generated: boolean
}

export interface WrittenColumn extends Column {
  /** The column of the table, whose name may differ in case. */
  readonly into: TargetColumn
}

export interface Target {
  readonly columns: readonly TargetColumn[]
  /** Why it cannot take part in a transaction; null: it can. */
  readonly withoutTransactions: string | null
}

/** The columns that are written: those of the input that the target has (all, unless `onSchemaChange: IGNORE`). */
export function writtenColumns(input: Schema, target: Target, config: JdbcSinkConfig): readonly WrittenColumn[] {
  const missing = columnsItLacks(input, target)
  if (missing.length === 0 || config.onSchemaChange === 'IGNORE') {
    return input.flatMap((column) => {
      const found = target.columns.find((one) => sameName(one.name, column.name))
      return found ? [{ ...column, into: found }] : []
    })
  }
  throw new JobError('schema.mismatch', `The table ${config.table} has no column \`${missing[0]!.name}\`.`, {
    pointer: '/table',
  })
}

/** Makes the table, or the columns it lacks, as far as the config says so. DDL may commit: never within a transaction. */
export async function makeTarget({ writing }: Dialect, db: Db, config: JdbcSinkConfig, input: Schema): Promise<Target> {
  let target = await writing.readTarget(db, config.table)
  if (!target && config.createTable) {
    await writing.createTable(db, config, input)
    target = await writing.readTarget(db, config.table)
  }
  if (!target) {
    throw new JobError('sink.refused', `There is no table ${config.table}.`, {
      pointer: '/table',
      hint: 'Say `createTable: true` to have it made.',
    })
  }
  const missing = columnsItLacks(input, target)
  if (missing.length === 0 || config.onSchemaChange !== 'EVOLVE') return target
  await writing.addColumns(db, config.table, missing)
  return (await writing.readTarget(db, config.table))!
}

/** Only tables with transactions can uphold I2. */
export function checkTransactions({ withoutTransactions }: Target, table: string): void {
  if (withoutTransactions === null) return
  throw new JobError('sink.unsupported', `The table ${table} ${withoutTransactions}.`, {
    pointer: '/table',
    hint: 'Use a table that takes part in transactions.',
  })
}

/** Where REPLACE and `replaceWhere` collect what becomes visible at the end: a name given by the lineage. */
export function shadowName(table: string, { lineageId, sinkUid }: SinkKey): string {
  const hash = createHash('sha256').update(`${lineageId}\n${sinkUid}`).digest('hex').slice(0, 16)
  const dot = table.indexOf('.') + 1
  return `${table.slice(0, dot)}${[...table.slice(dot)].slice(0, 20).join('')}__etl_${hash}`
}

/** DuckDB condition: the time has digits that a column with so many does not keep; null: it keeps them all. */
export function lostDigits(column: string, fraction: number): string | null {
  return fraction >= 6 ? null : `microsecond(${column}) % ${10 ** (6 - fraction)} <> 0`
}

/** DuckDB condition: the number is not given back by a FLOAT or DOUBLE; null: by its type it always is. */
export function lostAsFloat(column: string, type: string, float: 'FLOAT' | 'DOUBLE'): string | null {
  if (type === float || (float === 'DOUBLE' ? exactAsDouble : exactAsFloat).test(type)) return null
  // Whole numbers by value. A fraction of ten is meant where it is the shortest text that gives the binary one.
  const back = type.startsWith('DECIMAL')
    ? `CAST(CAST(CAST(${column} AS VARCHAR) AS ${float}) AS VARCHAR)`
    : `TRY_CAST(${column} AS ${float})`
  return `TRY_CAST(${back} AS ${type}) IS DISTINCT FROM ${column}`
}

const exactAsFloat = /^U?(TINY|SMALL)INT$|^DECIMAL\([1-6],/
const exactAsDouble = /^(FLOAT|U?(TINY|SMALL)INT|U?INTEGER|DECIMAL\(([1-9]|1[0-5]),.*)$/

function columnsItLacks(input: Schema, target: Target): readonly Column[] {
  return input.filter((column) => !target.columns.some((known) => sameName(known.name, column.name)))
}
