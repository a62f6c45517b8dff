import { z } from 'zod'
import { duration, sql } from '../../core/config/schema.js'

const NUMBER = /^[+-]?\d+(\.\d+)?$/

const nullRatio = z.number().min(0).max(1).optional().describe('How many of the values are NULL: from 0 to 1.')
const type = (otherwise: string) =>
  z.string().trim().min(1).optional().describe(`A type such as DECIMAL(10,2); else ${otherwise}.`)
const number = (meaning: string) =>
  z.union([z.number(), z.string().trim().regex(NUMBER, 'Expected a number.')]).describe(meaning)
const bound = (meaning: string) => z.union([z.number(), z.string().trim().min(1)]).describe(meaning)

const value = sql(
  'VALUE',
  'An expression over `n`, the number of the record from 0 on, and the columns above this one.',
)

const computed = z.strictObject({ value, type: type('what the expression gives'), nullRatio })

const sequence = z.strictObject({
  kind: z.literal('SEQUENCE').describe('`start`, `start + step`, …'),
  start: number('The value of the first record.').default(0),
  step: number('How much each value is above the one before.').default(1),
  type: type('BIGINT, with fractions DOUBLE'),
  nullRatio,
})

const random = z.strictObject({
  kind: z.literal('RANDOM').describe('Numbers, dates or times between two bounds, each as likely as any other.'),
  min: bound('The smallest value: a number, a date or a time.'),
  max: bound('The largest value.'),
  type: type('BIGINT, DOUBLE, DATE or TIMESTAMP, as the bounds are written'),
  nullRatio,
})

const choice = z.strictObject({
  kind: z.literal('CHOICE').describe('One of several values.'),
  of: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .describe('The values; one that stands here twice comes twice as often.'),
  type: type('BOOLEAN, BIGINT, DOUBLE or VARCHAR, as the values are written'),
  nullRatio,
})

const characters = z.strictObject({
  kind: z.literal('TEXT').describe('Text of the characters 0–9 and a–f.'),
  length: z.int().min(1).max(4096).default(16).describe('How many characters.'),
  nullRatio,
})

const uuid = z.strictObject({ kind: z.literal('UUID').describe('UUIDs of version 4.'), nullRatio })

const time = z.strictObject({
  kind: z.literal('TIME').describe('Timestamps at equal distances.'),
  start: z.string().trim().min(1).describe('The time of the first record, such as 2026-01-01 or 2026-01-01 12:30:00.'),
  step: duration('How much later each record is.'),
  nullRatio,
})

const kinds = z.discriminatedUnion('kind', [sequence, random, choice, characters, uuid, time])

export type ComputedColumn = z.infer<typeof computed>
export type RandomColumn = z.infer<typeof random>
export type ChoiceColumn = z.infer<typeof choice>
export type SequenceColumn = z.infer<typeof sequence>
export type GeneratedColumn = ComputedColumn | z.infer<typeof kinds>

export const sourceConfig = z.strictObject({
  rows: z.int().min(0).optional().describe('How many records in all. STREAMING may leave it out: there is no end.'),
  rowsPerSecond: z
    .number()
    .positive()
    .optional()
    .describe('How many more there are each second, counted from the first plan; else all at once.'),
  seed: z.int().default(0).describe('Another seed, other random values.'),
  columns: z
    .record(z.string().min(1), z.union([value, computed, kinds]))
    .refine((columns) => Object.keys(columns).length > 0, 'name at least one column')
    .refine(differInMoreThanCase, 'two names differ only in upper and lower case')
    .describe('Columns by name: an expression over `n` (`id: n + 1`), or `{value, type}`, or one of the kinds below.'),
})

export type GeneratorConfig = z.infer<typeof sourceConfig>

function differInMoreThanCase(columns: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(columns)
  return new Set(names.map((name) => name.toLowerCase())).size === names.length
}
