/** Spans of epochs, seen from outside of the activities that make them up. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { ChainReceipt, ChainTask } from '../core/execution/chain-task.js'
import type { EpochDone, Owner, Prepared } from '../core/execution/effects.js'
import type { Next } from '../core/execution/plan.js'
import type { EpochSpan, Trace } from '../telemetry/spans.js'

type Part = Pick<EpochSpan, 'executionId' | 'epoch' | 'name' | 'attributes'>

/** Plans of which no commit has been seen here: of a worker that plans what others commit. */
const REMEMBERED = 10_000

export function traced(trace: Trace): ActivityInterceptorsFactory {
  const beganMs = new Map<string, number>()
  return ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        const startMs = Date.now()
        const { workflowId = '', runId = '' } = info.workflowExecution ?? {}
        const where = { 'temporal.workflow_id': workflowId, 'temporal.run_id': runId }
        const tell = (part: Part, more: Partial<EpochSpan> = {}) =>
          trace({
            startMs,
            endMs: Date.now(),
            isRoot: false,
            ...part,
            ...more,
            attributes: { ...where, ...part.attributes },
          })
        try {
          const result = await next(input)
          for (const part of partsOf(info.activityType, input.args, result)) {
            tell(part)
            const key = `${part.executionId}/${part.epoch}`
            if (!beganMs.has(key)) beganMs.set(key, startMs)
            if (beganMs.size > REMEMBERED) beganMs.delete(beganMs.keys().next().value!)
          }
          if (info.activityType === 'triggerCheckpoint') {
            const { owner, epoch } = input.args[0] as EpochDone
            const key = `${owner.executionId}/${epoch}`
            const root = { executionId: owner.executionId, epoch, name: `epoch ${epoch}`, attributes: {} }
            tell(root, { isRoot: true, startMs: beganMs.get(key) ?? startMs })
            beganMs.delete(key)
          }
          return result
        } catch (error) {
          const code = (error as { type?: string } | null)?.type ?? 'internal'
          for (const part of partsOf(info.activityType, input.args, null)) tell(part, { error: code })
          throw error
        }
      },
    },
  })
}

/** What a call is a part of; `result` null: it failed. A checkpoint may plan the epoch after it as well. */
function partsOf(activity: string, args: readonly unknown[], result: unknown): readonly Part[] {
  switch (activity) {
    case 'runOperatorChain': {
      const { executionId, fence, vertexId, subtask } = args[0] as ChainTask
      const counted = result as ChainReceipt | null
      const records =
        counted === null ? {} : { 'etl.records_in': counted.recordsIn, 'etl.records_out': counted.recordsOut }
      const attributes = { 'etl.vertex': vertexId, 'etl.subtask': subtask, 'etl.attempt': fence.attempt, ...records }
      return [{ executionId, epoch: fence.epoch, name: `chain ${vertexId}`, attributes }]
    }
    case 'triggerCheckpoint': {
      const { owner, epoch } = args[0] as EpochDone
      const { executionId, attempt } = owner
      const part = { executionId, epoch, name: 'checkpoint', attributes: { 'etl.attempt': attempt } }
      return [part, ...planOf(executionId, result as Next | null)]
    }
    case 'planEpoch':
      return planOf((args[0] as Owner).executionId, result as Next | null)
    case 'prepareExecution':
      return planOf(args[0] as string, (result as Partial<Prepared> | null)?.next ?? null)
    default:
      return []
  }
}

function planOf(executionId: string, next: Next | null): readonly Part[] {
  return next?.kind === 'plan' ? [{ executionId, epoch: next.epoch, name: 'plan', attributes: {} }] : []
}
