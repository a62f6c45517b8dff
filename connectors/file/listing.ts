import { JobError } from '../../core/errors/job-error.js'
import { withOwnSession } from '../own-session.js'
import { type FileSourceConfig, type Format, formatOfPath } from './config.js'
import { isAmong, namesOf } from './file-names.js'
import type { Files, ListedFile } from './files.js'
import { parquetRecords } from './parquet.js'
import { parquetFooter } from './parquet-part.js'
import { isEnd } from './plan-files.js'
import { type FilePosition, type FrozenFile, start } from './position.js'

/** The frozen listing; once it has been read to its end, what has appeared since is added (`positions: CONTINUE`). */
export async function withNewFiles(
  position: FilePosition | null,
  config: FileSourceConfig,
  files: Files,
): Promise<FilePosition> {
  if (position !== null && !isEnd(position)) return position
  if (position === null) {
    // Who watches may begin before there is anything.
    const listed = config.watch ? await files.list().catch(noneAnyMore) : await files.list()
    return { files: await withRecords(listed, config, files), index: 0, at: start }
  }
  const read = namesOf(position)
  const isKnown = isAmong(read)
  const fresh = (await files.list().catch(noneAnyMore)).filter((file) => !isKnown(file.path))
  if (fresh.length === 0) return position
  return { files: await withRecords(fresh, config, files), index: 0, at: start, read }
}

async function withRecords(
  listed: readonly ListedFile[],
  config: FileSourceConfig,
  files: Files,
): Promise<readonly FrozenFile[]> {
  const parquet = listed.filter((file) => formatOf(file, config) === 'parquet')
  if (parquet.length === 0) return listed
  return withOwnSession(async (session) => {
    const local = new Map<string, string>()
    for (const file of parquet) local.set(file.path, (await parquetFooter(file, session.folder, files)).path)
    const records = await parquetRecords([...local.values()], session)
    return listed.map((file) => ({ ...file, records: records.get(local.get(file.path) ?? '') ?? 0 }))
  })
}

/** Files that were read may be cleared away. */
function noneAnyMore(error: unknown): readonly ListedFile[] {
  if (error instanceof JobError && error.code === 'source.missing') return []
  throw error
}

export function formatOf(file: ListedFile, config: FileSourceConfig): Format {
  const format = config.format ?? formatOfPath(file.path)
  if (format) return format
  throw new JobError('config.invalid', `The name of ${file.path} does not tell its format.`, {
    pointer: '/format',
    hint: 'Say `format: csv`, `json`, `jsonl` or `parquet`.',
  })
}
