import { z } from 'zod'
import { secret } from '../../core/config/schema.js'
import { SIZE } from '../../core/spec/duration.js'
import { isEncoding } from './encoding.js'

export const formats = ['csv', 'json', 'jsonl', 'parquet'] as const
export type Format = (typeof formats)[number]

const format = z.enum(formats).optional().describe('How the file is written; else from its extension.')

/** DuckDB takes one byte for a quote, and finds a delimiter of several in the middle of other characters. */
const character = (meaning: string) =>
  z
    .string()
    .length(1)
    .refine((one) => one.charCodeAt(0) < 128, 'Expected one ASCII character.')
    .describe(meaning)

/** As DuckDB reads them; `%%` is a percent sign. */
const timeFormat = (meaning: string) =>
  z
    .string()
    .regex(/%/, 'Expected specifiers like %Y-%m-%d.')
    .regex(
      /^([^%]|%(-?[djmyHIMS]|[abcfghnpuwxzABGTUVWXYZ%]))*$/,
      'A specifier is not known: there are %Y %y %m %b %B %d %j %a %A %H %I %p %M %S %g (ms) %f (µs) %n (ns) %z %Z.',
    )
    .describe(meaning)

export const textCompressions = ['none', 'gzip', 'zstd'] as const
export type TextCompression = (typeof textCompressions)[number]

export const connectionConfig = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'Expected https://host:port.')
      .optional()
      .describe('A server that speaks S3, `https://host:9000`; else AWS, or what AWS_ENDPOINT_URL names.'),
    region: z.string().min(1).optional().describe('Region of the buckets; else what AWS_REGION says.'),
    pathStyle: z
      .boolean()
      .optional()
      .describe("The bucket stands in the path and not in the host's name; so by default where there is an endpoint."),
    accessKeyId: z.string().min(1).optional().describe('Access key; else those of the environment are used.'),
    secretAccessKey: secret('Secret of that key.').optional(),
    sessionToken: secret('Token of a key that is good for a while.').optional(),
  })
  .refine((one) => (one.accessKeyId === undefined) === (one.secretAccessKey === undefined), {
    path: ['secretAccessKey'],
    error: 'an access key and its secret go together',
  })
  .describe('Buckets of S3.')

export type S3Connection = z.infer<typeof connectionConfig>

const connection = z
  .union([z.string().min(1), connectionConfig])
  .optional()
  .describe('Paths on `s3://`: name of a connection, or a connection itself; else the environment (AWS_…) says.')

export const sourceConfig = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'A file, or a pattern for several: `data/*.csv`, `data/**/*.parquet`, `s3://bucket/data/*.csv`. Names that begin with `_` or `.` are matched only where the pattern spells them.',
    ),
  connection,
  format,
  columns: z
    .record(z.string().min(1), z.string().trim().min(1))
    .refine((columns) => Object.keys(columns).length > 0, 'name at least one column')
    .optional()
    .describe(
      'Column types by name: `{id: BIGINT, name: VARCHAR}`; else inferred once, when the job is saved. What is written with a zone becomes UTC as a TIMESTAMP; times leave out what is finer than microseconds, a DOUBLE or FLOAT takes the nearest number it has, and JSON shows a number in a VARCHAR as a DOUBLE is shown, unless digits would be lost. Nothing else is rounded or cut: a fraction in a whole number, more digits behind the point than a DECIMAL has, a time of day in a DATE, a day or a zone in a TIME, 2 in a BOOLEAN are bad records, within lists and structs too.',
    ),
  pathColumns: z
    .record(z.string().min(1), z.string().trim().min(1))
    .optional()
    .describe('Columns whose values name folders, `dt=2026-01-31/`, with their types: `{dt: DATE}`.'),
  header: z.boolean().default(true).describe('CSV: the first line names the columns.'),
  delimiter: character('CSV: what separates values; else a comma, or a tab in `.tsv` files.').optional(),
  quote: character('CSV: what encloses values that hold delimiters or line ends.').default('"'),
  escape: character('CSV: what stands before a quote inside quotes; else the quote itself.').optional(),
  nullString: z.string().min(1).optional().describe('CSV: a text that means no value, as an empty field does.'),
  encoding: z
    .string()
    .min(1)
    .refine(isEncoding, {
      error: ({ input }) =>
        `${/^[\w.:-]{1,40}$/.test(String(input)) ? `\`${input}\`` : 'This'} is no encoding that is known here: say utf-8, utf-16, latin-1, windows-1252, shift_jis, …`,
    })
    .default('utf-8')
    .describe('CSV and JSON: `utf-8`, `utf-16`, `latin-1`, …'),
  dateFormat: timeFormat('CSV and JSON: how dates are written, like `%d.%m.%Y`.').optional(),
  timestampFormat: timeFormat('CSV and JSON: how timestamps are written.').optional(),
  skipRows: z.int().min(0).default(0).describe('CSV: lines before the header.'),
  compression: z
    .enum(textCompressions)
    .optional()
    .describe('CSV and JSON: how the file is compressed; else from its extension.'),
  watch: z.boolean().default(false).describe('STREAMING: read files that appear later.'),
})

export type FileSourceConfig = z.infer<typeof sourceConfig>

export const compressions = [...textCompressions, 'snappy', 'lz4'] as const
export type Compression = (typeof compressions)[number]

export const sinkConfig = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .describe('A folder, also `s3://bucket/folder`; with `singleFile` the file. Finished parts appear in it.'),
    connection,
    format: format.describe(
      'How the files are written; else from the extension. Parquet has no place for INTERVAL, HUGEINT, UHUGEINT, BIT and TIME WITH TIME ZONE: they are text there, on every level.',
    ),
    mode: z.enum(['APPEND', 'REPLACE']).default('APPEND').describe('REPLACE: what was there goes when the job ends.'),
    singleFile: z.boolean().default(false).describe('BATCH: one file at `path`, written when the job ends.'),
    compression: z
      .enum(compressions)
      .optional()
      .describe(
        'CSV and JSON: `none`, `gzip` or `zstd`; else from the extension of a single file, or none. Parquet: any; else `snappy`.',
      ),
    partitionBy: z
      .array(
        z
          .string()
          .min(1)
          .regex(/^[^_.]/, 'Folders whose names begin with `_` or `.` are not seen by readers.'),
      )
      .min(1)
      .refine((columns) => new Set(columns.map((name) => name.toLowerCase())).size === columns.length, 'a column twice')
      .optional()
      .describe(
        'Columns whose values name folders, `dt=2026-01-31/country=DE/`, as Hive, Spark and DuckDB do; the files leave them out.',
      ),
    maxFileSize: z
      .string()
      .regex(SIZE, 'Expected a size like 64MiB.')
      .optional()
      .describe('A part that would become larger is followed by another one: `64MiB`. One record may be larger.'),
  })
  .refine((config) => config.format ?? formatOfPath(config.path), {
    path: ['format'],
    error: 'say csv, json, jsonl or parquet: the path does not tell',
  })
  .refine((config) => formatOfSink(config) === 'parquet' || isTextCompression(config.compression), {
    path: ['compression'],
    error: 'only Parquet is compressed that way; say none, gzip or zstd',
  })
  .refine((config) => !config.singleFile || config.partitionBy === undefined, {
    path: ['partitionBy'],
    error: 'a single file has no folders',
  })
  .refine((config) => !config.singleFile || config.maxFileSize === undefined, {
    path: ['maxFileSize'],
    error: 'a single file holds all records',
  })

export type FileSinkConfig = z.infer<typeof sinkConfig>

/** null: the extension does not tell. */
export function formatOfPath(path: string): Format | null {
  const extension = /\.([a-z]+)(\.(gz|zst))?$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === 'csv' || extension === 'tsv' || extension === 'txt') return 'csv'
  if (extension === 'jsonl' || extension === 'ndjson') return 'jsonl'
  if (extension === 'json') return 'json'
  if (extension === 'parquet' || extension === 'pq') return 'parquet'
  return null
}

/** The schema has seen to it that there is one. */
export function formatOfSink({ format, path }: { format?: Format | undefined; path: string }): Format {
  return format ?? formatOfPath(path) ?? 'csv'
}

function isTextCompression(compression: Compression = 'none'): boolean {
  return (textCompressions as readonly Compression[]).includes(compression)
}
