/** `etl pause`, `resume`, `savepoint`: what a running execution is asked to do between two epochs. */
import { randomUUID } from 'node:crypto'
import { connect } from '../client.js'
import type { Context } from '../command.js'

interface Updated {
  readonly executionId: string
  readonly status: string
  readonly done: boolean
}

interface Savepoint extends Updated {
  readonly checkpointId: string | null
}

export interface SavepointOptions {
  readonly stop?: boolean
  readonly drain?: boolean
  readonly now?: boolean
}

export async function pause(context: Context, executionId: string): Promise<void> {
  await switchTo('pause', context, executionId)
}

export async function resume(context: Context, executionId: string): Promise<void> {
  await switchTo('resume', context, executionId)
}

export async function savepoint(context: Context, executionId: string, options: SavepointOptions): Promise<void> {
  const { stop = false, drain = false, now = false } = options
  const answer = await ask<Savepoint>(context, executionId, 'savepoints', { stop: stop || drain, drain, now })
  context.output.result(answer, () => describe(answer, drain))
}

async function switchTo(verb: 'pause' | 'resume', context: Context, executionId: string): Promise<void> {
  const answer = await ask<Updated>(context, executionId, verb)
  context.output.result(answer, () =>
    answer.done ? `execution ${executionId} is ${answer.status}` : `${verb} asked for; it ${soon}`,
  )
}

const soon = 'comes once the epoch that runs is complete'

function describe({ executionId, status, done, checkpointId }: Savepoint, drain: boolean): string {
  if (!done) return `savepoint asked for; it ${soon}`
  const kept = checkpointId === null ? 'no epoch is complete, so nothing is kept' : `savepoint ${checkpointId}`
  const ended = drain ? '; everything open has fired, and it cannot be continued' : ''
  return `${kept}; execution ${executionId} is ${status}${ended}`
}

async function ask<T>({ variables }: Context, executionId: string, what: string, body?: unknown): Promise<T> {
  const path = `/executions/${encodeURIComponent(executionId)}/${what}`
  return await connect(variables).send<T>('POST', path, body, { 'idempotency-key': randomUUID() })
}
