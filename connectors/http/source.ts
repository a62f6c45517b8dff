import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { text } from '../../duckdb/sql.js'
import { recordBatch } from '../json-records.js'
import { withOwnSession } from '../own-session.js'
import type { ConnectorContext, Reached, Source, SourceBatch } from '../spi.js'
import { readAgain } from './again.js'
import { capturePages, reachedIn } from './capture-pages.js'
import { openClient } from './client.js'
import { columnsOf } from './columns.js'
import type { HttpConnection, HttpSourceConfig } from './config.js'
import { type Endpoint, endpointOf, impatient } from './endpoint.js'
import { dueInMs, planRound } from './plan-round.js'
import type { HttpPosition, HttpSplit } from './position.js'

/** An epoch has one split. */
const captureName = 'pages'

/** How many captured records are one batch. */
const batchRecords = 65_536

/** Reads pages of answers. A server may answer otherwise the next time: a split is captured before it is used (I9). */
export function httpSource(config: HttpSourceConfig, connection: HttpConnection | null, ctx: ConnectorContext): Source {
  const endpoint = endpointOf(config, connection, ctx)
  const askingBy = (by: Endpoint, session: Session, exact: boolean) => ({
    client: openClient(by, ctx.signal, 'SOURCE'),
    endpoint: by,
    config,
    session,
    exact,
  })
  let known: Promise<Schema> | undefined
  return {
    schema() {
      if (config.interval !== undefined && ctx.job?.mode === 'BATCH') throw looksOnce()
      known ??= withOwnSession((session) => columnsOf(askingBy(impatient(endpoint), session, false)))
      return known
    },

    plan: async (from, budget, parallelism) =>
      planRound(config, from as HttpPosition | null, budget, parallelism, Date.now()),

    async awaitInput(from) {
      const position = from as HttpPosition | null
      if (position === null) return
      await sleep(dueInMs(config, position, Date.now()), undefined, { signal: ctx.signal }).catch(() => undefined)
    },

    again: (records, schema, session) => readAgain(records, schema, session),

    async *read(planned, schema, session, capture): AsyncGenerator<SourceBatch, Reached, void> {
      const split = planned as HttpSplit
      let file = await capture.existing(captureName)
      if (file === null) {
        const asking = askingBy(endpoint, session, true)
        file = await capture.keep(captureName, await capturePages(split, asking, schema))
      }
      try {
        yield* capturedBatches(file, schema, session, endpoint.shown)
        const position = await reachedIn(file, session)
        return { position, end: position.page === null && config.interval === undefined }
      } finally {
        await rm(file, { force: true })
      }
    },
  }
}

async function* capturedBatches(
  file: string,
  schema: Schema,
  session: Session,
  shown: string,
): AsyncGenerator<SourceBatch, void, void> {
  const rows = `read_parquet(${text(file)}, file_row_number = true)`
  const records = await session.count(`SELECT count(*) FROM ${rows}`)
  for (let from = 0; from < records; from += batchRecords) {
    const to = Math.min(from + batchRecords, records)
    yield await recordBatch({
      select: `SELECT json, file_row_number - ${from} AS number FROM ${rows} WHERE file_row_number >= ${from} AND file_row_number < ${to}`,
      records: to - from,
      schema,
      session,
      marked: true,
      place: (number) => ({ table: shown, record: from + number }),
    })
  }
}

const looksOnce = () =>
  new JobError('config.invalid', 'A BATCH job looks once.', {
    pointer: '/interval',
    hint: 'Leave `interval` out, or make it a STREAMING job.',
  })
