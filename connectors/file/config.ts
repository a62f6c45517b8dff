import { z } from 'zod'

export const formats = ['csv', 'json', 'jsonl', 'parquet'] as const
export type Format = (typeof formats)[number]

const format = z.enum(formats).optional().describe('How the file is written; else from its extension.')

const character = (meaning: string) => z.string().length(1).describe(meaning)

export const sourceConfig = z.strictObject({
  path: z.string().min(1).describe('A file, or a pattern for several: `data/*.csv`, `data/**/*.parquet`.'),
  format,
  columns: z
    .record(z.string().min(1), z.string().trim().min(1))
    .refine((columns) => Object.keys(columns).length > 0, 'name at least one column')
    .optional()
    .describe('Column types by name: `{id: BIGINT, name: VARCHAR}`; else inferred once, when the job is saved.'),
  header: z.boolean().default(true).describe('CSV: the first line names the columns.'),
  delimiter: character('CSV: what separates values; else a comma, or a tab in `.tsv` files.').optional(),
  quote: character('CSV: what encloses values that hold delimiters or line ends.').default('"'),
  escape: character('CSV: what stands before a quote inside quotes; else the quote itself.').optional(),
  nullString: z.string().min(1).optional().describe('CSV: a text that means no value, as an empty field does.'),
  encoding: z.string().min(1).default('utf-8').describe('CSV and JSON: `utf-8`, `utf-16`, `latin-1`, …'),
  dateFormat: z.string().min(1).optional().describe('CSV and JSON: how dates are written, like `%d.%m.%Y`.'),
  timestampFormat: z.string().min(1).optional().describe('CSV and JSON: how timestamps are written.'),
  skipRows: z.int().min(0).default(0).describe('CSV: lines before the header.'),
  compression: z
    .enum(['none', 'gzip', 'zstd'])
    .optional()
    .describe('CSV and JSON: how the file is compressed; else from its extension.'),
  watch: z.boolean().default(false).describe('STREAMING: read files that appear later.'),
})

export type FileSourceConfig = z.infer<typeof sourceConfig>

export const sinkConfig = z
  .strictObject({
    path: z.string().min(1).describe('A folder; with `singleFile` the file.'),
    format,
    mode: z.enum(['APPEND', 'REPLACE']).default('APPEND').describe('REPLACE: what was there goes when the job ends.'),
    singleFile: z.boolean().default(false).describe('BATCH: one file at `path`, written when the job ends.'),
  })
  .refine((config) => config.format ?? formatOfPath(config.path), {
    path: ['format'],
    error: 'say csv, json, jsonl or parquet: the path does not tell',
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
