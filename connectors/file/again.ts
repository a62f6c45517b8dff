/** Records of text from their own words: the lines of dead letters, read as the file that they stood in would be. */
import { randomUUID } from 'node:crypto'
import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { OriginalRecord, SourceBatch } from '../spi.js'
import { type FileSourceConfig, type Format, formatOfPath } from './config.js'
import { pathColumns, withPathValues } from './path-values.js'
import { start } from './position.js'
import { takeRecords } from './record-ends.js'
import { readText } from './text.js'
import type { TextFormat } from './text-format.js'

type FormatOf = (format: Format, config: FileSourceConfig) => TextFormat | null

export async function* readAgain(
  records: readonly OriginalRecord[],
  config: FileSourceConfig,
  formatOf: FormatOf,
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, void, void> {
  // Kept in UTF-8, and without what stood above the header.
  const { inPath, inFile } = pathColumns(schema, config.pathColumns)
  const plain = { ...config, encoding: 'utf-8', skipRows: 0 }
  for (const alike of groupsOf(records, config)) {
    const { file, header } = alike
    const format = formatOf(config.format ?? formatOfPath(file) ?? 'csv', plain)
    if (format === null) throw new JobError('internal', `Records of ${file} are no lines of text.`)
    const whole = alike.members.filter(({ record }) => isOneRecord(record.text, format))
    const broken = alike.members.filter((member) => !whole.includes(member))
    if (broken.length > 0) yield brokenBatch(broken, schema)
    if (whole.length === 0) continue
    const path = join(session.folder, `${randomUUID()}.again`)
    const lines = whole.map(({ record }) => record.text)
    await writeFile(path, `${(header === undefined ? lines : [header, ...lines]).join('\n')}\n`)
    try {
      const text = { path, shown: file, size: (await stat(path)).size, passing: true }
      const piece = { file: { path, size: text.size, mtimeMs: 0 }, index: 0, from: start, amount: null }
      const limits = { records: Number.POSITIVE_INFINITY, before: 0 }
      const complete = await withPathValues(file, inPath, session)
      for await (const batch of readText(text, piece, format, limits, inFile, session))
        yield numbered(complete(batch), (record) => whole[record]!.number)
    } finally {
      await rm(path, { force: true })
    }
  }
}

interface Alike {
  readonly file: string
  readonly header: string | undefined
  readonly members: Member[]
}

interface Member {
  readonly number: number
  readonly record: OriginalRecord
}

/** Neighbours that stood under the same header. */
function groupsOf(records: readonly OriginalRecord[], { path }: FileSourceConfig): Alike[] {
  const groups: Alike[] = []
  for (const [number, record] of records.entries()) {
    const { header } = record.form
    const file = record.place.file ?? path
    const last = groups.at(-1)
    if (last !== undefined && last.file === file && last.header === header) last.members.push({ number, record })
    else groups.push({ file, header, members: [{ number, record }] })
  }
  return groups
}

/** A person may have made two of it, or none, or left a quote open, which would swallow the next one. */
function isOneRecord(text: string, { dialect }: TextFormat): boolean {
  const limits = { limit: 2, stop: Number.POSITIVE_INFINITY, final: true }
  const { records, unterminated } = takeRecords(Buffer.from(text), dialect, limits)
  return records === 1 && !unterminated
}

function brokenBatch(broken: readonly Member[], schema: Schema): SourceBatch {
  const columns = schema.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${identifier(name)}`).join(', ')
  const select = `SELECT ${columns} LIMIT 0`
  return {
    select,
    records: broken.length,
    place: (index) => ({ record: broken[index]!.number }),
    isolate: async () => ({
      select,
      rejected: broken.map(({ number, record }) => ({
        original: record.text,
        form: record.form,
        place: { record: number },
        code: 'record.bad',
        message: 'The text is not exactly one record: look at its quotes and line ends.',
      })),
    }),
    release: async () => undefined,
  }
}

function numbered(batch: SourceBatch, numberOf: (record: number) => number): SourceBatch {
  const place = (given: { readonly record?: number }) => ({ record: numberOf(given.record ?? 0) })
  return {
    ...batch,
    place: (index) => place(batch.place(index)),
    async isolate() {
      const { select, rejected } = await batch.isolate()
      return { select, rejected: rejected.map((one) => ({ ...one, place: place(one.place) })) }
    },
  }
}
