/** What a running execution is asked to do between two epochs: pause, go on, keep a savepoint, stop. */
import { JobError } from '../../core/errors/job-error.js'
import type { PauseWish, SavepointAnswer, SavepointWish } from '../../core/execution/control.js'
import { isTerminal } from '../../core/execution/status.js'
import type { ApiDeps } from '../deps.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import type { Update, Updated } from './execution-control.js'
import { executionParams, savepoint, savepointBody, updated } from './schema.js'

const tag = 'Executions'
const audit = (operation: string) => ({ operation, resource: 'EXECUTION' })

type Params = { executionId: string }

export const updateRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/executions/{executionId}/pause',
    tag,
    summary: 'Pauses an execution once the epoch that runs is complete.',
    audit: audit('PAUSE_EXECUTION'),
    idempotent: true,
    params: executionParams,
    status: 202,
    response: updated,
    handle: async (call: Call<Params>, deps) => await switchTo('pause', call, deps),
  }),
  route({
    method: 'post',
    path: '/executions/{executionId}/resume',
    tag,
    summary: 'Lets a paused execution go on.',
    audit: audit('RESUME_EXECUTION'),
    idempotent: true,
    params: executionParams,
    status: 202,
    response: updated,
    handle: async (call: Call<Params>, deps) => await switchTo('resume', call, deps),
  }),
  route({
    method: 'post',
    path: '/executions/{executionId}/savepoints',
    tag,
    summary: 'Keeps what the newest epoch has left for good, and with `stop` ends the execution there.',
    audit: audit('SAVEPOINT_EXECUTION'),
    idempotent: true,
    params: executionParams,
    body: savepointBody,
    status: 202,
    response: savepoint,
    handle: async (call, deps) => {
      const { stop, drain, now } = call.body
      if (drain && !stop)
        throw new JobError('usage.invalid', 'Only a savepoint that stops can drain', { pointer: '/drain' })
      const wish: SavepointWish = { stop, drain, now, by: callerOf(call).username }
      const done = await ask<SavepointAnswer>({ name: 'savepoint', args: [wish] }, call, deps)
      const body = await standing(call.params.executionId, done, deps)
      return { body: { ...body, checkpointId: done.isDone ? done.answer.checkpointId : null } }
    },
  }),
]

async function switchTo(name: 'pause' | 'resume', call: Call<Params>, deps: ApiDeps) {
  const wish: PauseWish = { by: callerOf(call).username }
  const done = await ask<void>({ name, args: [wish] }, call, deps)
  return { body: await standing(call.params.executionId, done, deps) }
}

/** The execution itself refuses what does not fit; here only what it cannot be asked. */
async function ask<T>(update: Omit<Update, 'updateId'>, call: Call<Params>, deps: ApiDeps): Promise<Updated<T>> {
  const { executionId } = call.params
  const { jobId, status, workflowId } = await deps.executions.get(executionId)
  if (isTerminal(status)) throw new JobError('conflict', `The execution has ended already: it is ${status}`)
  if (status === 'CREATED' || status === 'WAITING')
    throw new JobError('conflict', `The execution has not begun yet: it is ${status}`)
  return await deps.starter.update<T>(jobId, executionId, workflowId, { ...update, updateId: call.newId })
}

async function standing(executionId: string, { isDone }: Updated<unknown>, deps: ApiDeps) {
  const { status } = await deps.executions.get(executionId)
  return { executionId, status, done: isDone }
}
