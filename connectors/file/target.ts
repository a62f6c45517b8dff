import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '../../core/errors/system-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { ConnectorContext, SinkKey } from '../spi.js'
import { type FileSinkConfig, type Format, formatOfPath } from './config.js'
import { createExclusively, makeFolder } from './durable.js'
import { absolutePath } from './paths.js'

/** Where a sink writes: what people see, and what it keeps for itself under a name that begins with `_`. */
export interface Target {
  readonly path: string
  /** Where finished parts appear. */
  readonly folder: string
  /** Of all sinks that write here. */
  readonly own: string
  readonly format: Format
}

export async function targetOf(config: FileSinkConfig, ctx: ConnectorContext): Promise<Target> {
  const path = await absolutePath(config.path, ctx)
  const format = config.format ?? formatOfPath(path)!
  if (config.singleFile) {
    const own = join(dirname(path), `_${basename(path)}`)
    return { path, folder: own, own, format }
  }
  return { path, folder: path, own: join(path, '_etl'), format }
}

/** The folder of all subtasks of a sink of a lineage. */
export function sinkFolder(target: Target, key: SinkKey): string {
  return join(target.own, hash(`${key.lineageId}\n${key.sinkUid}`))
}

/** The log of one subtask, and beside it the parts it has staged. */
export function logFolder(target: Target, key: SinkKey): string {
  return join(sinkFolder(target, key), `subtask-${key.subtask}`)
}

export const stagedFolder = (log: string) => join(log, 'staged')

/** What is fixed when a lineage first writes here: names of later lineages sort after it. */
export interface Started {
  readonly lineageId: string
  readonly sinkUid: string
  readonly at: number
  readonly schema: Schema
}

export async function startSink(target: Target, key: SinkKey, schema: Schema): Promise<Started> {
  const folder = sinkFolder(target, key)
  await makeFolder(folder)
  const started: Started = { lineageId: key.lineageId, sinkUid: key.sinkUid, at: Date.now(), schema }
  await createExclusively(join(folder, 'started.json'), JSON.stringify(started))
  return (await readStarted(target, key)) ?? started
}

export async function readStarted(target: Target, key: SinkKey): Promise<Started | null> {
  try {
    return JSON.parse(await readFile(join(sinkFolder(target, key), 'started.json'), 'utf8')) as Started
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/** Sorts in commit order: lineage by its start, then epoch, subtask, number. */
export function partName(started: Started, key: SinkKey, epoch: number, number: number, extension: string): string {
  const pad = (value: number, width: number) => String(value).padStart(width, '0')
  const lineage = `${pad(started.at, 13)}-${hash(`${key.lineageId}\n${key.sinkUid}`).slice(0, 6)}`
  return `part-${lineage}-${pad(epoch, 9)}-${pad(key.subtask, 4)}-${pad(number, 4)}.${extension}`
}

const hash = (value: string) => createHash('sha256').update(value).digest('hex').slice(0, 24)
