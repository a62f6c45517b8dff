import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { JobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import { partFormats } from '../file/part-format.js'
import type { OpenSink, Sink, SinkBatch } from '../spi.js'
import type { PrintConfig } from './config.js'

export type Outputs = Readonly<Record<PrintConfig['to'], Writable>>

const outputs: Outputs = { STDOUT: process.stdout, STDERR: process.stderr }

/** Shows an epoch when it is committed, in one piece, so that lines of several subtasks do not mix. */
export function printSink(config: PrintConfig, to: Outputs = outputs): Sink {
  return {
    check: async () => [],
    prepare: async () => {},
    open: async () => openPrint(config, to[config.to]),
    finish: async () => {},
  }
}

function openPrint(config: PrintConfig, output: Writable): OpenSink {
  let left = config.limit
  let shown = ''
  return {
    // Nothing is kept that could tell.
    committed: null,
    method: 'PRINT',
    async append(batch, session) {
      if (left > 0) shown += await asText(batch, left, config.format, shown === '', session)
      left -= Math.min(left, batch.records)
      return []
    },
    async commit() {
      if (shown !== '') await write(output, shown)
      shown = ''
    },
    async close() {
      shown = ''
    },
  }
}

async function asText(
  { table, schema }: SinkBatch,
  limit: number,
  format: PrintConfig['format'],
  first: boolean,
  session: Session,
): Promise<string> {
  const file = join(session.folder, `${randomUUID()}.print`)
  try {
    await session.run(partFormats[format].copy(`(FROM ${table} LIMIT ${limit})`, file, { first, schema }))
    return await readFile(file, 'utf8')
  } finally {
    await rm(file, { force: true })
  }
}

async function write(output: Writable, shown: string): Promise<void> {
  // A terminal may hold a line of progress, which is not ended yet.
  const begin = 'isTTY' in output && output.isTTY === true ? '\r\u001b[K' : ''
  // A reader that went away is told twice: here, and to whoever listens.
  const ignore = () => undefined
  output.on('error', ignore)
  try {
    await new Promise<void>((done, failed) => {
      output.write(begin + shown, (error) => (error ? failed(error) : done()))
    })
  } catch (cause) {
    throw new JobError('sink.refused', 'Nobody reads the output any more.', { cause })
  } finally {
    setImmediate(() => output.off('error', ignore))
  }
}
