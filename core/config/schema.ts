import { z } from 'zod'

/**
 * One schema per connector, operator or connection gives its static type, its validation with the path of the bad field,
 * its JSON Schema, its reference page, and which fields are secret. Only files named schema.ts or config.ts import zod.
 */
export type ConfigSchema<Config = unknown> = z.ZodType<Config>

declare module 'zod' {
  interface GlobalMeta {
    /** SQL over the input's columns: a boolean condition, a value, an aggregate, or a whole query. Absent: plain text. */
    sql?: 'CONDITION' | 'VALUE' | 'AGGREGATE' | 'QUERY'
    /** Encrypted at rest, never shown. */
    secret?: boolean
  }
}

/** An SQL expression over the columns of the input. */
export const sql = (kind: 'CONDITION' | 'VALUE' | 'AGGREGATE' | 'QUERY', description: string) =>
  z.string().trim().min(1).describe(description).meta({ sql: kind })

/** A value that is encrypted at rest and shown nowhere. */
export const secret = (description: string) => z.string().min(1).describe(description).meta({ secret: true })
