/** One entry of the chain, as texts: what is hashed is what the database gives back. */
import { createHash } from 'node:crypto'

/** The columns that the hash covers, in this order; released, so never changed. */
export const HASHED = [
  'chain_sequence',
  'log_id',
  'user_id',
  'username',
  'operation_type',
  'resource_type',
  'resource_id',
  'request_method',
  'request_path',
  'request_params',
  'response_status',
  'operation_status',
  'error_message',
  'ip_address',
  'user_agent',
  'duration_ms',
  'start_time',
  'operation_time',
] as const

export type Entry = Readonly<Record<(typeof HASHED)[number], string | null>>

/** Before the first entry. */
export const GENESIS = '0'.repeat(64)

export function entryHash(previous: string, entry: Entry): string {
  const fields = HASHED.map((column) => entry[column])
  return createHash('sha256')
    .update(JSON.stringify([previous, ...fields]))
    .digest('hex')
}

/** For SELECT: each as text, whatever the driver makes of numbers and times. */
export const HASHED_AS_TEXT = HASHED.map((column) => `CAST(${column} AS CHAR) AS ${column}`).join(', ')
