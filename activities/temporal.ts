/** The one place where activities meet Temporal: cancellation, heartbeats, and how an error crosses the border. */
import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { CODES } from '../core/errors/codes.js'
import { reportError, toJobError } from '../core/errors/job-error.js'
import type { Delivery } from './alert/deliver-alerts.js'
import type { AlertDeps } from './alert/deps.js'
import { evaluateAlerts } from './alert/evaluate-alerts.js'
import { awaitInput } from './await-input.js'
import type { Activities, AlertActivities, HouseActivities } from './contract.js'
import type { ActivityDeps, Call } from './deps.js'
import { dropPlan } from './drop-plan.js'
import { evaluateRestartStrategy } from './evaluate-restart-strategy.js'
import { finishExecution } from './finish-execution.js'
import { beginMaintenance, endMaintenance, maintain } from './maintenance/house.js'
import type { HouseDeps } from './maintenance/work.js'
import { planEpoch } from './plan-epoch.js'
import { prepareExecution } from './prepare-execution.js'
import { runOperatorChain } from './run-operator-chain.js'
import { triggerCheckpoint } from './trigger-checkpoint.js'

export function createActivities(deps: ActivityDeps, house: HouseDeps): Activities & HouseActivities {
  return {
    startScheduled: (scheduleId, logicalTime) =>
      called(async () => {
        const workflow = callingWorkflow()
        if (deps.startScheduled === undefined || workflow === null) return null
        return await deps.startScheduled({ scheduleId, logicalTime: new Date(logicalTime), workflow })
      }),
    prepareExecution: (executionId) => called((call) => prepareExecution(deps, call, executionId, callingWorkflow())),
    planEpoch: (owner, drains) => called((call) => planEpoch(deps, call, owner, drains)),
    dropPlan: (owner, epoch) => called((call) => dropPlan(deps, call, owner, epoch)),
    runOperatorChain: (task) => called((call) => untilMysqlIsBack(call, () => runOperatorChain(deps, call, task))),
    triggerCheckpoint: (done) => called((call) => triggerCheckpoint(deps, call, done)),
    awaitInput: (owner) => called((call) => awaitInput(deps, call, owner), seldom),
    takeSavepoint: (owner, by = null) => called(() => deps.journal.takeSavepoint(owner, by)),
    setExecutionStatus: (owner, status, by = null) => called(() => deps.journal.setStatus(owner, status, by)),
    evaluateRestartStrategy: (owner, executionId, failure) =>
      called(() => evaluateRestartStrategy(deps, owner, executionId, failure)),
    finishExecution: (owner, executionId, outcome) =>
      called((call) => finishExecution(deps, call, owner, executionId, outcome)),
    beginMaintenance: (wish, given) => called(() => beginMaintenance(house, wish, given)),
    maintain: (runId, task, dryRun) => called((call) => maintain(house, call, runId, task, dryRun)),
    endMaintenance: (runId) => called(() => endMaintenance(house, runId)),
  }
}

export function createAlertActivities(deps: AlertDeps, delivery: Delivery): AlertActivities {
  return {
    evaluateAlerts: () => called(() => evaluateAlerts(deps, 'ALL')),
    deliverAlerts: () => called(() => delivery.pass()),
  }
}

/** Steps that are many and do nothing beat as seldom as their time-out allows. */
const seldom = (context: Context) => (context.info.heartbeatTimeoutMs ?? 1_500) / 3
const often = () => 500

/** Beats on a timer, because a slow step of ours must not look like a dead worker. A local one has nobody to tell. */
async function called<T>(work: (call: Call) => Promise<T>, beatMs: (context: Context) => number = often): Promise<T> {
  const context = Context.current()
  let details: Readonly<Record<string, number>> = {}
  const timer = context.info.isLocal ? undefined : setInterval(() => context.heartbeat(details), beatMs(context))
  try {
    return await work({
      signal: context.cancellationSignal,
      // A step that was tried as a local activity first is another attempt when the queue has it.
      activityAttempt: context.info.attempt + (context.info.isLocal ? 0 : 1),
      heartbeat: (latest) => {
        details = latest
      },
    })
  } catch (error) {
    throw asFailure(error, context)
  } finally {
    clearInterval(timer)
  }
}

/** MySQL being away is not a failure of the job (I7): the step waits, outside the restart budget. */
async function untilMysqlIsBack<T>(call: Call, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (toJobError(error).code !== 'mysql.away' || call.signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

/**
 * `type` carries the code, `details` the report: they are a payload, which is encrypted where that is asked for, and the message
 * is not. An error's own message may quote a record (I6). Only what WAITs is retried by Temporal; the rest is the restart
 * strategy's.
 */
function asFailure(error: unknown, context: Context): unknown {
  const known = toJobError(error)
  if (context.cancellationSignal.aborted && context.cancellationDetails?.workerShutdown === true)
    return withoutStack(
      ApplicationFailure.retryable('The worker is shutting down; another one takes over.', 'worker.lost'),
    )
  if (known.code === 'internal') context.log.error('Unexpected error in an activity', { error: known.cause ?? known })
  const report = reportError(known)
  const failure = ApplicationFailure.create({
    message: CODES[known.code].meaning,
    type: known.code,
    nonRetryable: CODES[known.code].onFailure !== 'WAIT',
    details: [report],
  })
  return withoutStack(failure)
}

/** Histories are for people to read: our stack is in the log, where it is unexpected. */
function withoutStack(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = ''
  return failure
}

function callingWorkflow() {
  const { workflowExecution } = Context.current().info
  return workflowExecution === undefined
    ? null
    : { workflowId: workflowExecution.workflowId, runId: workflowExecution.runId }
}
