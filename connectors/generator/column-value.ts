import { JobError } from '../../core/errors/job-error.js'
import { parseDuration } from '../../core/spec/duration.js'
import { pointerTo } from '../../core/spec/pointer.js'
import { text } from '../../duckdb/sql.js'
import type { ChoiceColumn, GeneratedColumn, GeneratorConfig, SequenceColumn } from './config.js'
import { draw, drawHex, type Stream } from './draw.js'
import { instant } from './instant.js'
import { randomValue, typeOfBounds } from './random-value.js'

export const readColumn = (given: GeneratorConfig['columns'][string]): GeneratedColumn =>
  typeof given === 'string' ? { value: given } : given

/** The type where none is declared; null: what the expression gives. */
export function usualType(column: GeneratedColumn): string | null {
  if ('value' in column) return null
  switch (column.kind) {
    case 'SEQUENCE':
      return isWhole(column) ? 'BIGINT' : 'DOUBLE'
    case 'RANDOM':
      return typeOfBounds(column)
    case 'CHOICE':
      return typeOfChoices(column)
    case 'TEXT':
      return 'VARCHAR'
    case 'UUID':
      return 'UUID'
    case 'TIME':
      return 'TIMESTAMP'
  }
}

/** About how many bytes a value takes, for the budget. */
export function widthOf(column: GeneratedColumn): number {
  if ('value' in column) return 16
  return column.kind === 'TEXT' ? column.length : column.kind === 'UUID' ? 16 : 8
}

/** An expression over `n` alone (and other columns, where a person wrote it), of about that type. */
export function columnValue(name: string, column: GeneratedColumn, type: string | null, seed: number): string {
  const value = `(${plainValue(name, column, type ?? 'VARCHAR', { seed, column: name, use: 'VALUE' })})`
  const { nullRatio = 0 } = column
  const typed = type === null ? value : `CAST(${value} AS ${type})`
  if (nullRatio === 0) return typed
  const threshold = Math.round(nullRatio * 2 ** 53)
  return `CASE WHEN ${draw({ seed, column: name, use: 'NULL' })} >> 11 >= ${threshold} THEN ${typed} END`
}

function plainValue(name: string, column: GeneratedColumn, type: string, stream: Stream): string {
  if ('value' in column) return column.value
  switch (column.kind) {
    case 'SEQUENCE': {
      const exact = isWhole(column) ? 'BIGINT' : type.startsWith('DECIMAL') ? type : 'DOUBLE'
      const { start, step } = column
      return `CAST('${start}' AS ${exact}) + n * CAST('${step}' AS ${exact})`
    }
    case 'RANDOM':
      return randomValue(name, column, type, draw(stream))
    case 'CHOICE': {
      const values = column.of.map((value) => text(String(value))).join(', ')
      return `CAST([${values}] AS ${type}[])[1 + CAST(${draw(stream)} % ${column.of.length} AS BIGINT)]`
    }
    case 'TEXT': {
      const parts = Array.from({ length: Math.ceil(column.length / 32) }, (_, part) => drawHex(stream, part))
      return `left(${parts.join(' || ')}, ${column.length})`
    }
    case 'UUID': {
      const hex = drawHex(stream, 0)
      // Version 4, variant 10xx.
      return `CAST(left(${hex}, 12) || '4' || substr(${hex}, 14, 3) || 'a' || substr(${hex}, 18) AS UUID)`
    }
    case 'TIME': {
      const start = instant(column.start)
      if (start === null) throw notATime(name, column.start)
      return `make_timestamp(CAST(${start} AS BIGINT) + n * ${BigInt(parseDuration(column.step) ?? 0) * 1000n})`
    }
  }
}

const isWhole = ({ start, step }: SequenceColumn) => [start, step].every((one) => /^[+-]?\d+$/.test(String(one)))

function typeOfChoices({ of }: ChoiceColumn): string {
  if (of.every((value) => typeof value === 'boolean')) return 'BOOLEAN'
  if (of.every((value) => Number.isSafeInteger(value))) return 'BIGINT'
  return of.every((value) => typeof value === 'number') ? 'DOUBLE' : 'VARCHAR'
}

const notATime = (name: string, start: string) =>
  new JobError('config.invalid', `\`${start}\` is not a time.`, {
    pointer: pointerTo(['columns', name, 'start']),
    hint: 'Write it like 2026-01-01 or 2026-01-01 12:30:00; it is UTC.',
  })
