import { z } from 'zod'
import { DURATION, OFFSET, parseDuration } from '../spec/duration.js'

/**
 * One schema per connector, operator or connection gives its static type, its validation with the path of the bad field,
 * its JSON Schema, its reference page, and which fields are secret. Only files named schema.ts or config.ts import zod.
 */
export type ConfigSchema<Config = unknown> = z.ZodType<Config>

/**
 * CONDITION, VALUE, AGGREGATE, QUERY: SQL of ours over the input's columns, checked against the allow-list.
 * FOREIGN: SQL in another database's dialect; parameters are literals there too, nothing else of it is checked.
 */
export type SqlKind = 'CONDITION' | 'VALUE' | 'AGGREGATE' | 'QUERY' | 'FOREIGN'

declare module 'zod' {
  interface GlobalMeta {
    /** What kind of SQL the text is. Absent: plain text. */
    sql?: SqlKind
    /** Encrypted at rest, never shown. */
    secret?: boolean
    /** Of an object with any keys: HEADERS are secret but for those that never hold one, parameters of a QUERY by their names. */
    secretIn?: 'HEADERS' | 'QUERY'
  }
}

/** An SQL expression over the columns of the input. */
export const sql = (kind: Exclude<SqlKind, 'FOREIGN'>, description: string) =>
  z.string().trim().min(1).describe(description).meta({ sql: kind })

/** SQL that another database runs: a query of a source, a condition on a target. */
export const foreignSql = (description: string) =>
  z.string().trim().min(1).describe(description).meta({ sql: 'FOREIGN' })

/** A value that is encrypted at rest and shown nowhere. */
export const secret = (description: string) => z.string().min(1).describe(description).meta({ secret: true })

const DURATION_EXPECTED = 'Expected a duration such as 500ms, 30s, 10m, 2h or 1d.'
const TOO_LONG = 'Expected 36500d (100 years) at most.'
/** What is not written well is told already. */
const canBeKept = (text: string) => !OFFSET.test(text) || parseDuration(text) !== null

export const duration = (description: string) =>
  z.string(DURATION_EXPECTED).regex(DURATION, DURATION_EXPECTED).refine(canBeKept, TOO_LONG).describe(description)

/** A duration that may point backwards. */
export const offset = (description: string) =>
  z.string().regex(OFFSET, 'Expected an offset such as 15m or -8h.').refine(canBeKept, TOO_LONG).describe(description)

/** The published JSON Schema of a config; `$schema` and all descriptions included. */
export function jsonSchemaOf(schema: ConfigSchema): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>
}

/** The config that a JSON Schema describes, `secret` and `sql` included. Throws where it says what cannot be checked. */
export function configOf(schema: Readonly<Record<string, unknown>>): ConfigSchema {
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
}
