/** Executions that go on from what another one has left: restarted in its lineage, or forked from a checkpoint. */

import { InvalidInput } from '../../core/errors/invalid-input.js'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import { isTerminal } from '../../core/execution/status.js'
import { writtenAgain } from '../../core/execution/written-again.js'
import { normaliseParameters } from '../../core/spec/parameter-values.js'
import type { ExecutionDetails, ExecutionStore } from '../../models/stores/execution-store.js'
import type { ApiDeps } from '../deps.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import { accepted } from './accepted.js'
import { checkpointParams, executionParams, forkBody, forked, restartBody, restarted } from './schema.js'

const tag = 'Executions'

export const againRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/executions/{executionId}/restart',
    tag,
    summary: 'A new execution of the same lineage from its latest checkpoint, with the newest version of the job.',
    audit: { operation: 'RESTART_EXECUTION', resource: 'EXECUTION' },
    idempotent: true,
    params: executionParams,
    body: restartBody,
    status: 202,
    response: restarted,
    handle: async (call, deps) => {
      const { stop, allowNonRestoredState } = call.body
      const before = await deps.executions.get(call.params.executionId)
      const isLive = !isTerminal(before.status)
      if (isLive) await refuseUnlessStopped(before, stop, deps)
      if (!allowNonRestoredState) await refuseLost({ restartOf: before.executionId }, deps)
      const { settings } = await deps.jobs.get(before.jobId)
      const created = await deps.executions.create({
        jobId: before.jobId,
        executionId: call.newId,
        parameters: normaliseParameters(declared(before.parameters, settings.parameters), settings.parameters),
        logicalTime: new Date(before.logicalTime),
        triggerType: 'RESTART',
        createdBy: callerOf(call).userId,
        asked: callerOf(call).username,
        restartOf: before.executionId,
        allowNonRestoredState,
        afterIt: isLive,
      })
      const { body, ...rest } = await accepted(created, 'RESTART', call, deps)
      if (isLive) await stopFor(before, call, deps)
      return { ...rest, body: { ...body, stopping: isLive ? before.executionId : null } }
    },
  }),
  route({
    method: 'post',
    path: '/checkpoints/{checkpointId}/fork',
    tag,
    summary:
      'A new lineage from a retained checkpoint or savepoint, with the newest version; what came after it is written again.',
    audit: { operation: 'FORK_CHECKPOINT', resource: 'CHECKPOINT' },
    idempotent: true,
    params: checkpointParams,
    body: forkBody,
    status: 202,
    response: forked,
    handle: async (call, deps) => {
      const { checkpointId } = call.params
      const { jobId, epoch, executionId } = await deps.executions.checkpoint(checkpointId)
      if (!call.body.allowNonRestoredState) await refuseLost({ forkOf: checkpointId }, deps)
      const { settings } = await deps.jobs.get(jobId)
      const before = await deps.executions.get(executionId)
      const given = { ...declared(before.parameters, settings.parameters), ...call.body.parameters }
      const created = await deps.executions.create({
        jobId,
        executionId: call.newId,
        parameters: normaliseParameters(given, settings.parameters),
        logicalTime: new Date(deps.now()),
        triggerType: 'FORK',
        createdBy: callerOf(call).userId,
        asked: callerOf(call).username,
        forkOf: checkpointId,
        allowNonRestoredState: call.body.allowNonRestoredState,
      })
      const { body, ...rest } = await accepted(created, 'FORK', call, deps)
      const from = { lineageId: created.lineageId, checkpointId, epoch, notice: writtenAgain(epoch) }
      return { ...rest, body: { ...body, ...from } }
    },
  }),
]

async function refuseUnlessStopped({ status, jobId }: ExecutionDetails, stop: boolean, deps: ApiDeps): Promise<void> {
  if (!stop)
    throw new JobError('conflict', `The execution is ${status}; only one that has ended can be restarted`, {
      hint: 'Cancel it first, or say stop: it is stopped with a savepoint before.',
    })
  const { settings } = await deps.jobs.get(jobId)
  if (settings.type === 'BATCH')
    throw new JobError('conflict', 'A BATCH job ends by itself and cannot be stopped with a savepoint', {
      hint: 'Cancel it first.',
    })
  if (status === 'CREATED' || status === 'WAITING')
    throw new JobError('conflict', `The execution has not begun yet: it is ${status}`, { hint: 'Cancel it first.' })
}

/** The one that goes on waits already: it is admitted when this has ended, whoever is there to see it. */
async function stopFor({ jobId, executionId, workflowId }: ExecutionDetails, call: Call, deps: ApiDeps): Promise<void> {
  const wish = { stop: true, by: callerOf(call).username }
  try {
    await deps.starter.update(jobId, executionId, workflowId, { name: 'savepoint', args: [wish], updateId: call.newId })
  } catch (error) {
    // It has ended by itself.
    if (!isJobError(error) || error.code !== 'conflict') throw error
  }
}

/** What no operator or source of the newest version takes would be left behind without a word. */
async function refuseLost(start: Parameters<ExecutionStore['unfit']>[0], deps: ApiDeps): Promise<void> {
  const unfit = await deps.executions.unfit(start)
  if (unfit.length === 0) return
  throw new InvalidInput('state.unfit', 'The newest version of the job does not fit the checkpoint', unfit)
}

/** Values that the newest version still asks for. */
function declared(values: Readonly<Record<string, string>>, declarations: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in declarations))
}
