/** The loop's effects as plain calls in this process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { awaitInput } from '../../activities/await-input.js'
import type { ActivityDeps, Call } from '../../activities/deps.js'
import { dropPlan } from '../../activities/drop-plan.js'
import { evaluateRestartStrategy } from '../../activities/evaluate-restart-strategy.js'
import { finishExecution } from '../../activities/finish-execution.js'
import { planEpoch } from '../../activities/plan-epoch.js'
import { prepareExecution } from '../../activities/prepare-execution.js'
import { runOperatorChain } from '../../activities/run-operator-chain.js'
import { triggerCheckpoint } from '../../activities/trigger-checkpoint.js'
import { JobError } from '../../core/errors/job-error.js'
import type { ExecutionEffects } from '../../core/execution/effects.js'
import type { LocalWishes } from './wishes.js'

export function localEffects(
  deps: ActivityDeps,
  signal: AbortSignal,
  onProgress: (records: Readonly<Record<string, number>>) => void,
  wishes: LocalWishes,
): ExecutionEffects {
  const call: Call = { signal, activityAttempt: 1, heartbeat: onProgress }
  const interruptible = async <T>(work: () => Promise<T>): Promise<T> => {
    if (signal.aborted) throw new JobError('cancelled', 'The run was interrupted.')
    return await work()
  }
  return {
    prepare: (executionId) => interruptible(() => prepareExecution(deps, call, executionId, null)),
    runChain: (task) => interruptible(() => runOperatorChain(deps, call, task)),
    triggerCheckpoint: (done) => {
      if (done.receipts.some(({ recordsIn }) => recordsIn > 0)) wishes.hadInput()
      return interruptible(() => triggerCheckpoint(deps, call, done))
    },
    planEpoch: (owner, drains) => interruptible(() => planEpoch(deps, call, owner, drains)),
    dropPlan: (owner, epoch) => interruptible(() => dropPlan(deps, call, owner, epoch)),
    awaitInput: (owner) => interruptible(() => awaitInput(deps, { ...call, signal: eitherOf(signal, wishes) }, owner)),
    takeSavepoint: (owner, by) => interruptible(() => deps.journal.takeSavepoint(owner, by)),
    setStatus: (owner, status, by) => interruptible(() => deps.journal.setStatus(owner, status, by)),
    evaluateRestart: (owner, executionId, failure) => evaluateRestartStrategy(deps, owner, executionId, failure),
    finish: (owner, executionId, outcome) =>
      finishExecution(deps, { ...call, signal: new AbortController().signal }, owner, executionId, outcome),
    sleep: (ms) =>
      sleep(ms, undefined, { signal: eitherOf(signal, wishes) }).catch(() => {
        throw new JobError('cancelled', 'The run was interrupted.')
      }),
    untilAdmitted: async () => undefined,
    now: Date.now,
  }
}

const eitherOf = (signal: AbortSignal, { waiting }: LocalWishes) => AbortSignal.any([signal, waiting])
