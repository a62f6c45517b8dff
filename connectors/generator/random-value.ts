import { JobError } from '../../core/errors/job-error.js'
import { pointerTo } from '../../core/spec/pointer.js'
import type { RandomColumn } from './config.js'
import { instant } from './instant.js'

const INTEGER = /^U?(TINY|SMALL|BIG)?INT(EGER)?$/
const DECIMAL = /^DECIMAL\((\d+),(\d+)\)$/

/** The type that bounds are written in. */
export function typeOfBounds({ min, max }: RandomColumn): string {
  const bounds = [String(min), String(max)]
  if (bounds.every((bound) => /^[+-]?\d+$/.test(bound))) return 'BIGINT'
  if (bounds.every((bound) => Number.isFinite(Number(bound)))) return 'DOUBLE'
  return bounds.every((bound) => /^\d+-\d\d-\d\d$/.test(bound)) ? 'DATE' : 'TIMESTAMP'
}

/** A value of `type` from a random 64-bit number. Bounds become whole numbers of units here, so nothing is rounded later. */
export function randomValue(column: string, { min, max }: RandomColumn, type: string, drawn: string): string {
  const refuse = (field: 'min' | 'max', message: string, hint?: string) => {
    const pointer = pointerTo(['columns', column, field])
    return new JobError('config.invalid', message, { pointer, ...(hint === undefined ? {} : { hint }) })
  }
  const read = <T>(field: 'min' | 'max', parse: (bound: string) => T | null): T => {
    const bound = String(field === 'min' ? min : max)
    const parsed = parse(bound)
    if (parsed === null) throw refuse(field, `\`${bound}\` is not a value of type ${type}.`)
    return parsed
  }
  const units = (parse: (bound: string) => bigint | null) => {
    const [low, high] = [read('min', parse), read('max', parse)]
    if (low > high) throw refuse('max', '`max` is smaller than `min`.')
    if (low < -(2n ** 63n) || high - low >= 2n ** 63n - 1n || high >= 2n ** 63n)
      throw refuse('max', 'The bounds are too far apart.', 'Whole numbers are made within the range of BIGINT.')
    return `(CAST(${low} AS BIGINT) + CAST(${drawn} % CAST(${high - low + 1n} AS UBIGINT) AS BIGINT))`
  }
  if (INTEGER.test(type)) return units((bound) => decimalUnits(bound, 0))
  if (type === 'DATE') return `CAST('1970-01-01' AS DATE) + CAST(${units(daysOf)} AS INTEGER)`
  if (type === 'TIMESTAMP') return `make_timestamp(${units(instant)})`
  const scale = DECIMAL.exec(type)?.[2]
  if (scale !== undefined) {
    const fraction = `CAST('${scale === '0' ? '1' : `0.${'1'.padStart(Number(scale), '0')}`}' AS DECIMAL(18,${scale}))`
    return `CAST(${units((bound) => decimalUnits(bound, Number(scale)))} AS DECIMAL(19,0)) * ${fraction}`
  }
  if (type === 'DOUBLE' || type === 'FLOAT') {
    const [low, high] = [read('min', finite), read('max', finite)]
    if (low > high) throw refuse('max', '`max` is smaller than `min`.')
    return `CAST('${low}' AS DOUBLE) + CAST(${drawn} >> 11 AS DOUBLE) * CAST('${(high - low) / 2 ** 53}' AS DOUBLE)`
  }
  throw refuse(
    'min',
    `RANDOM makes no values of type ${type}.`,
    'It makes whole numbers, DECIMAL, DOUBLE, DATE and TIMESTAMP; for others write an expression.',
  )
}

function finite(bound: string): number | null {
  const number = Number(bound)
  return Number.isFinite(number) ? number : null
}

/** null: not a number, or one with more digits after the point than the type has. */
function decimalUnits(bound: string, scale: number): bigint | null {
  const [, sign, digits, fraction = ''] = /^([+-]?)(\d+)(?:\.(\d+?)0*)?$/.exec(bound) ?? []
  if (digits === undefined || (fraction.length > scale && fraction !== '0') || scale > 18) return null
  const units = BigInt(digits + fraction.slice(0, scale).padEnd(scale, '0'))
  return sign === '-' ? -units : units
}

function daysOf(bound: string): bigint | null {
  const microseconds = instant(bound)
  const day = 86_400_000_000n
  return microseconds === null || microseconds % day !== 0n ? null : microseconds / day
}
