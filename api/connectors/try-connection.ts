/** A stored connection put to use from here: tested, or asked what it leads to. */
import type { ConnectionKind, ConnectorContext, Discovered } from '../../connectors/spi.js'
import { isJobError, JobError, reportError } from '../../core/errors/job-error.js'
import { resolveConfig, type Values } from '../../engine/resolve-config.js'
import type { ConnectionRecord } from '../../models/stores/connection-store.js'
import type { ApiDeps } from '../deps.js'
import { faultOf } from '../http/problem.js'
import { findConnector } from './connector-routes.js'

const TRY_MS = 15_000

/** What it finds is kept with the connection. */
export async function testConnection(connectionId: string, deps: ApiDeps) {
  const { record, kind } = await kindOf(connectionId, deps)
  try {
    const message = await inTime(async (ctx) => await kind.check(await resolved(record, kind, deps), ctx), deps)
    await deps.connections.noteTest(connectionId, 'OK', message)
    return { status: 'OK' as const, message, code: null, hint: null }
  } catch (error) {
    const { code, message, hint } = reportError(known(error, record, deps))
    await deps.connections.noteTest(connectionId, 'FAILED', message)
    return { status: 'FAILED' as const, message, code, hint }
  }
}

/** Sorted by name. Throws as the connector does. */
export async function discover(connectionId: string, deps: ApiDeps): Promise<readonly Discovered[]> {
  const { record, kind } = await kindOf(connectionId, deps)
  const list = kind.discover
  if (list === undefined)
    throw new JobError('request.unsupported', `A connection of ${record.connector} cannot be asked what it leads to`)
  try {
    const found = await inTime(async (ctx) => await list.call(kind, await resolved(record, kind, deps), ctx), deps)
    return found.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  } catch (error) {
    throw known(error, record, deps)
  }
}

async function kindOf(connectionId: string, deps: ApiDeps) {
  const record = await deps.connections.find(connectionId)
  const { connection: kind } = await findConnector(record.connector, deps)
  if (kind !== undefined) return { record, kind }
  throw new JobError('request.unsupported', `The connector ${record.connector} has no connections`)
}

/** As a worker resolves it; parameters of a job mean nothing here. */
async function resolved({ name }: ConnectionRecord, kind: ConnectionKind<unknown>, deps: ApiDeps): Promise<unknown> {
  const none: Values = { parameters: {}, declarations: {}, logicalTime: '', executionId: '', now: null }
  return await resolveConfig(kind.config, await deps.connections.resolve(name), none, deps.parts)
}

/** A connector may not heed its signal: the caller is answered all the same. */
async function inTime<T>(work: (ctx: ConnectorContext) => Promise<T>, deps: ApiDeps): Promise<T> {
  const signal = AbortSignal.timeout(TRY_MS)
  const late = new Promise<never>((_, reject) => {
    const refuse = () => reject(new JobError('connection.refused', `No answer came within ${TRY_MS / 1000} seconds`))
    signal.addEventListener('abort', refuse, { once: true })
  })
  return await Promise.race([work({ ...deps.parts.files, signal }), late])
}

/** The words of an unexpected error stay in the log: they may hold what nobody should see. */
function known(error: unknown, { name }: ConnectionRecord, deps: ApiDeps): JobError {
  if (isJobError(error)) return error
  deps.log.warn({ connection: name, ...faultOf(error) }, 'a connection failed unexpectedly')
  return new JobError('connection.refused', 'It failed unexpectedly; the log of the API has the details')
}
