import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import type { Schema } from '../../core/record/schema.js'
import type { ConnectorContext, SinkKey } from '../spi.js'
import { bucketPath, isInBucket } from './bucket-path.js'
import { bucketTarget } from './bucket-target.js'
import { compressionOf, extensions } from './compression.js'
import { type Compression, type FileSinkConfig, type Format, formatOfSink, type S3Connection } from './config.js'
import { diskTarget } from './disk-target.js'
import { partFormats } from './part-format.js'
import { absolutePath } from './paths.js'
import type { TargetFiles } from './target-files.js'

/** Where a sink writes: what people see, and what it keeps for itself under a name that begins with `_`. */
export interface Target {
  /** The folder where finished files appear. */
  readonly files: TargetFiles
  /** What is written there as a whole; null: parts. */
  readonly single: string | null
  /** Of all sinks that write here. */
  readonly own: string
  readonly format: Format
  readonly compression: Compression
  readonly extension: string
}

export async function targetOf(
  config: FileSinkConfig,
  connection: S3Connection | null,
  ctx: ConnectorContext,
): Promise<Target> {
  const { files, name } = await folderOf(config, connection, ctx)
  const format = formatOfSink(config)
  const asNamed = format === 'parquet' || !config.singleFile ? undefined : compressionOf(config.path, undefined)
  const compression = config.compression ?? asNamed ?? partFormats[format].compression
  const packed =
    format !== 'parquet' && (compression === 'gzip' || compression === 'zstd') ? extensions[compression] : ''
  const own = name === null ? '_etl' : `_${name}`
  return { files, single: name, own, format, compression, extension: `${format}${packed}` }
}

async function folderOf({ path, singleFile }: FileSinkConfig, connection: S3Connection | null, ctx: ConnectorContext) {
  if (isInBucket(path)) {
    const { bucket, key } = bucketPath(path, connection, ctx)
    if (!singleFile) return { files: bucketTarget({ bucket, key }), name: null }
    const folder = dirname(key)
    return { files: bucketTarget({ bucket, key: folder === '.' ? '' : folder }), name: basename(key) }
  }
  const absolute = await absolutePath(path, ctx)
  if (!singleFile) return { files: diskTarget(absolute), name: null }
  return { files: diskTarget(dirname(absolute)), name: basename(absolute) }
}

/** The folder of all subtasks of a sink of a lineage. */
export function sinkFolder(target: Target, key: SinkKey): string {
  return `${target.own}/${hash(`${key.lineageId}\n${key.sinkUid}`)}`
}

/** The log of one subtask, and beside it the parts it has staged. */
export function logFolder(target: Target, key: SinkKey): string {
  return `${sinkFolder(target, key)}/subtask-${key.subtask}`
}

export const stagedFolder = (log: string) => `${log}/staged`

/** Committed parts that are shown only when the job ends. */
export const readyFolder = (target: Target, key: SinkKey) => `${sinkFolder(target, key)}/ready`

/** What is fixed when a lineage first writes here: names of later lineages sort after it. */
export interface Started {
  readonly lineageId: string
  readonly sinkUid: string
  readonly at: number
  readonly schema: Schema
}

export async function startSink(target: Target, key: SinkKey, schema: Schema): Promise<void> {
  const folder = sinkFolder(target, key)
  await target.files.makeFolder(folder)
  const started: Started = { lineageId: key.lineageId, sinkUid: key.sinkUid, at: Date.now(), schema }
  await target.files.create(`${folder}/started.json`, JSON.stringify(started))
}

export async function readStarted(target: Target, key: SinkKey): Promise<Started | null> {
  const text = await target.files.read(`${sinkFolder(target, key)}/started.json`)
  return text === null ? null : (JSON.parse(text) as Started)
}

/** What the names of a lineage's parts begin with. */
export function partPrefix({ lineageId, sinkUid, at }: Started): string {
  return `part-${pad(at, 13)}-${hash(`${lineageId}\n${sinkUid}`).slice(0, 6)}-`
}

/** Sorts in commit order: lineage by its start, then epoch, subtask, number. */
export function partName(started: Started, key: SinkKey, epoch: number, number: number, extension: string): string {
  return `${partPrefix(started)}${pad(epoch, 9)}-${pad(key.subtask, 4)}-${pad(number, 4)}.${extension}`
}

/** Of a part by its name. */
export const epochOf = (part: string): number => Number(/^part-\d+-[0-9a-f]+-(\d+)-/.exec(basename(part))?.[1] ?? 0)

const pad = (value: number, width: number) => String(value).padStart(width, '0')

const hash = (value: string) => createHash('sha256').update(value).digest('hex').slice(0, 24)
