/** Of a Parquet file in a bucket only what is needed comes here: the rest of it are holes in a file of the same size. */
import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import { text } from '../../duckdb/sql.js'
import { changed } from './file-fault.js'
import type { ListedFile, Lying, OpenFile } from './files.js'
import type { TextFile } from './text-format.js'

interface Stretch {
  readonly from: number
  readonly to: number
}

/** Enough for most footers. */
const usualFooter = 64 * 1024
const requestBytes = 8 * 1024 * 1024
const magic = Buffer.from('PAR1')

/** What it holds can be told from it; none of its records can be read. */
export async function parquetFooter(file: ListedFile, folder: string, files: Lying): Promise<TextFile> {
  if (!files.open) return { path: await files.fetch(file, folder), shown: file.path, size: file.size }
  const path = join(folder, `${randomUUID()}.input`)
  const source = files.open(file)
  const tail = await bytesOf(source, file, { from: Math.max(0, file.size - usualFooter), to: file.size })
  if (file.size < 12 || !tail.subarray(-4).equals(magic))
    throw new JobError('source.unreadable', `The file ${file.path} is not a Parquet file.`)
  const footer = Math.min(file.size, tail.readUInt32LE(tail.length - 8) + 8)
  await copyInto(path, file, source, [
    { from: 0, to: 4 },
    { from: file.size - footer, to: file.size },
  ])
  return { path, shown: file.path, size: file.size }
}

/** The records `from` up to `to` of it can be read. */
export async function fetchParquet(
  file: ListedFile,
  records: Stretch,
  session: Session,
  files: Lying,
): Promise<TextFile> {
  const local = await parquetFooter(file, session.folder, files)
  if (!files.open) return local
  const holes = await unneeded(local.path, records, session)
  await copyInto(local.path, file, files.open(file), between(holes, file.size))
  return local
}

/** Column chunks of groups that hold none of the records: nothing else, as filters and indexes may stand anywhere. */
async function unneeded(path: string, { from, to }: Stretch, session: Session): Promise<readonly Stretch[]> {
  const rows = await session.rows(`
    WITH chunks AS (
      SELECT row_group_id, row_group_num_rows AS records, total_compressed_size AS size,
        CASE WHEN dictionary_page_offset > 0 THEN least(dictionary_page_offset, data_page_offset) ELSE data_page_offset END AS start
      FROM parquet_metadata(${text(path)})),
    groups AS (
      SELECT row_group_id, sum(any_value(records)) OVER (ORDER BY row_group_id) AS until, any_value(records) AS records
      FROM chunks GROUP BY row_group_id)
    SELECT start, start + size FROM chunks JOIN groups USING (row_group_id)
    WHERE until <= ${from} OR until - groups.records >= ${to} ORDER BY 1`)
  return rows.map(([start, end]) => ({ from: Number(start), to: Number(end) }))
}

function between(holes: readonly Stretch[], size: number): readonly Stretch[] {
  const wanted: Stretch[] = []
  let at = 0
  for (const { from, to } of [...holes, { from: size, to: size }]) {
    if (from > at) wanted.push({ from: at, to: from })
    at = Math.max(at, to)
  }
  return wanted
}

async function copyInto(path: string, file: ListedFile, source: OpenFile, wanted: readonly Stretch[]): Promise<void> {
  const target = await open(path, 'a+').then(async (made) => {
    await made.close()
    return await open(path, 'r+')
  })
  try {
    await target.truncate(file.size)
    for (const { from, to } of wanted) {
      for (let at = from; at < to; at += requestBytes) {
        const bytes = await bytesOf(source, file, { from: at, to: Math.min(at + requestBytes, to) })
        await target.write(bytes, 0, bytes.length, at)
      }
    }
  } finally {
    await target.close()
  }
}

async function bytesOf(source: OpenFile, file: ListedFile, { from, to }: Stretch): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from)
  if ((await source.read(bytes, from)) !== bytes.length) throw changed(file.path)
  return bytes
}
