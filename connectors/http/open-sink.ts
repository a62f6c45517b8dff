import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { jsonObject } from '../json-text.js'
import type { OpenSink, RejectedRow, SinkBatch } from '../spi.js'
import { type HttpClient, isTaken } from './client.js'
import type { HttpSinkConfig } from './config.js'
import type { Endpoint } from './endpoint.js'
import { asSinkFault } from './http-fault.js'

interface Writing {
  readonly client: HttpClient
  readonly endpoint: Endpoint
  readonly config: HttpSinkConfig
  readonly input: Schema
  /** The key of the records `from` to `to` of the epoch, the last one exclusive. */
  readonly keyOf: (from: number, to: number) => string
}

/** Rows of a batch: `from` inclusive, `to` exclusive. */
interface Rows {
  readonly from: number
  readonly to: number
}

/** So many refused records, and none that was taken, are not the fault of records. */
const mostRefused = 1000

/** Sends as it goes; what is refused is told apart by halves. */
export function openHttpSink({ client, endpoint, config, input, keyOf }: Writing): OpenSink {
  const object = jsonObject(input)
  const size = config.format === 'object' ? 1 : config.batchSize
  const [before, between, behind] = frameOf(config)
  const headers = { 'content-type': config.format === 'lines' ? 'application/x-ndjson' : 'application/json' }
  let sent = 0
  let bytes = 0
  let isKnownToTake = false

  /** null: they were taken; else what the target says. */
  const send = async ({ from, to }: Rows, { table }: SinkBatch, session: Session): Promise<string | null> => {
    const [row] = await session.rows(
      `SELECT string_agg(${object}, '${between}' ORDER BY rowid) FROM ${table} WHERE rowid >= ${from} AND rowid < ${to}`,
    )
    const body = `${before}${String(row?.[0])}${behind}`
    bytes += Buffer.byteLength(body)
    const request = {
      method: config.method,
      url: endpoint.url,
      headers: { ...headers, 'idempotency-key': keyOf(sent + from, sent + to) },
      body,
    }
    return await client.ask(request, {
      wants: (status) => isTaken(status) || refusals.has(status),
      async from({ status, body }, words) {
        if (!isTaken(status)) return `The target answers ${status}: ${(await words()) || 'it says no more'}`
        // Read to its end, so that the connection can be used again.
        for await (const _ of body);
        return null
      },
    })
  }

  const write = async (rows: Rows, batch: SinkBatch, session: Session, rejected: RejectedRow[]): Promise<void> => {
    const refusal = await send(rows, batch, session)
    if (refusal === null) {
      isKnownToTake = true
      return
    }
    const { from, to } = rows
    if (to - from > 1) {
      const middle = from + ((to - from) >> 1)
      await write({ from, to: middle }, batch, session, rejected)
      await write({ from: middle, to }, batch, session, rejected)
      return
    }
    rejected.push({ rowid: from, code: 'record.bad', message: refusal })
    if (!isKnownToTake && rejected.length >= mostRefused) throw nothingTaken(endpoint, refusal)
  }

  return {
    committed: null,
    method: config.method,
    bytes: () => bytes,
    async append(batch, session) {
      const rejected: RejectedRow[] = []
      try {
        for (let from = 0; from < batch.records; from += size)
          await write({ from, to: Math.min(from + size, batch.records) }, batch, session, rejected)
      } catch (error) {
        throw asSinkFault(error)
      }
      sent += batch.records
      return rejected
    },
    // What was sent is visible.
    commit: async () => {},
    close: async () => {},
  }
}

/** Something in the request was not to its liking, and the same will not be the next time. */
const refusals = new Set([400, 409, 413, 422])

/** What stands before, between and behind the objects of a request. */
function frameOf({ format, records }: HttpSinkConfig): readonly [string, string, string] {
  if (format === 'object') return ['', '', '']
  if (format === 'lines') return ['', '\n', '\n']
  const steps = records
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return [`${steps.map((step) => `{${JSON.stringify(step)}:`).join('')}[`, ',', `]${'}'.repeat(steps.length)}`]
}

const nothingTaken = ({ shown }: Endpoint, refusal: string) =>
  new JobError('sink.refused', `${shown} has taken none of ${mostRefused} records. ${refusal}`, {
    hint: 'Does it expect other columns, or another `format`?',
  })
