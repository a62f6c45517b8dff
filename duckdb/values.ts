/** DuckDB values as plain JavaScript: exact where JavaScript can be, text where it cannot. */
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api'

export function toJavaScript(value: DuckDBValue): unknown {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof DuckDBBlobValue) return value.bytes
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toJavaScript)
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, item]) => [name, toJavaScript(item)]))
  }
  if (value instanceof DuckDBMapValue)
    return value.entries.map(({ key, value: item }) => [toJavaScript(key), toJavaScript(item)])
  return String(value)
}

/** How values of one column are appended: as they are, or as text that DuckDB casts, which is exact for every type. */
export interface Appending {
  readonly direct: boolean
  readonly convert: (value: unknown) => DuckDBValue
}

const AS_TEXT: Appending = { direct: false, convert: asText }

export function appendingTo(type: DuckDBType): Appending {
  if (type.alias !== undefined) return AS_TEXT
  return DIRECT[type.typeId] ?? AS_TEXT
}

const asNumber: Appending = { direct: true, convert: (value) => Number(value) }

const DIRECT: Partial<Record<DuckDBTypeId, Appending>> = {
  [DuckDBTypeId.BOOLEAN]: { direct: true, convert: asBoolean },
  [DuckDBTypeId.DOUBLE]: asNumber,
  [DuckDBTypeId.BIGINT]: { direct: true, convert: asBigint },
  [DuckDBTypeId.VARCHAR]: { direct: true, convert: asText },
  [DuckDBTypeId.BLOB]: { direct: true, convert: asBlob },
}

function asBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 1n || value === '1' || value === 'true') return true
  if (value === 0 || value === 0n || value === '0' || value === 'false') return false
  throw new RangeError(`${asText(value)} is neither true nor false`)
}

const SMALLEST = -(2n ** 63n)
const LARGEST = 2n ** 63n - 1n

function asBigint(value: unknown): bigint {
  const whole = typeof value === 'bigint' ? value : BigInt(value as string | number)
  // The binding wraps around silently.
  if (whole < SMALLEST || whole > LARGEST) throw new RangeError(`${whole} does not fit into BIGINT`)
  return whole
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function asBlob(value: unknown): DuckDBBlobValue {
  return new DuckDBBlobValue(value instanceof Uint8Array ? value : Buffer.from(asText(value), 'utf8'))
}
