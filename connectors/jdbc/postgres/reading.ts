import type { Reading } from '../dialect.js'
import { name, text } from '../standard-sql.js'
import { capture } from './capture.js'
import type { PostgresDb } from './db.js'
import { describe, primaryKey } from './describe.js'

export const reading: Reading<PostgresDb> = {
  describe,
  primaryKey,
  asText: (column) => (column.hex ? column.read! : `CAST(${name(column.name)} AS text)`),
  // Of a type that is not known yet, so that it takes that of the column.
  literal: (column, value) => text(column.hex ? `\\x${value}` : value.replace(' (BC)', ' BC')),
  settled({ name: column, type }, lagMs) {
    const now = type === 'TIMESTAMP WITH TIME ZONE' ? 'now()' : `(now() AT TIME ZONE 'UTC')`
    return `${name(column)} <= ${now} - interval '${lagMs} milliseconds'`
  },
  capture,
}
