import { JobError } from '../core/errors/job-error.js'
import type { ChainReceipt, ChainResult, ChainTask } from '../core/execution/chain-task.js'
import { type Fence, fenceName } from '../core/execution/fence.js'
import { phaseNumbered } from '../core/graph/phase.js'
import type { StepOnBoard } from '../core/metrics/board.js'
import { addCounters, type Counters, noRecords } from '../core/record/counters.js'
import { runChain } from '../engine/run-chain.js'
import type { ActivityDeps, Call } from './deps.js'
import { forExecution } from './for-execution.js'

/** Runs one subtask of one vertex for one epoch; its result is a file in the store, its answer a receipt (I6). */
export async function runOperatorChain(deps: ActivityDeps, call: Call, task: ChainTask): Promise<ChainReceipt> {
  const { record, restored, pending } = await deps.journal.standing(task.executionId)
  const fence: Fence = { ...task.fence, activityAttempt: call.activityAttempt }
  const place = `lineage/${record.lineageId}/results/${task.vertexId}/${task.subtask}/${task.fence.epoch}/g${task.fence.generation}`
  const recorded = await newestResult(deps, place)
  if (recorded !== null) return recorded
  // A step that comes back to life after its epoch was committed would start from a state that holds it already.
  if ((restored?.epoch ?? 0) >= task.fence.epoch)
    throw new JobError('fenced', `Epoch ${task.fence.epoch} is complete already.`)
  if (pending?.epoch !== task.fence.epoch)
    throw new JobError('fenced', `Epoch ${task.fence.epoch} has no plan any more.`)
  const { timeoutMs } = record.settings.checkpoint
  const tooLong = AbortSignal.timeout(timeoutMs)
  const shown = deps.board?.begin(
    {
      ...task,
      epoch: task.fence.epoch,
      jobId: record.jobId,
      jobName: record.jobName,
      graph: record.graph,
      before: record.totals,
      bytesBefore: record.bytes,
      states: restored?.states ?? [],
    },
    performance.now(),
  )
  const result = await (deps.runChain ?? runChain)(
    {
      ...forExecution(record),
      fence,
      vertexId: task.vertexId,
      subtask: task.subtask,
      phase: phaseNumbered(record.graph, task.phase),
      plan: pending,
      states: restored?.states ?? [],
      positions: restored?.positions ?? {},
      before: { read: record.totals.read + record.totals.sideRead, failed: record.totals.failed },
      upstream: await Promise.all(task.upstream.map((reference) => readResult(deps, reference))),
    },
    deps.parts,
    { signal: AbortSignal.any([call.signal, tooLong]), progress: reportTo(deps, call, task, shown) },
  ).catch((error: unknown) => {
    shown?.ended(performance.now(), null)
    throw tooLong.aborted && !call.signal.aborted ? tookTooLong(timeoutMs) : error
  })
  shown?.ended(performance.now(), result)
  const reference = `${place}/${fenceName(fence)}.json`
  await deps.parts.store.putText(reference, JSON.stringify(result))
  return receiptOf(result, reference)
}

function tookTooLong(timeoutMs: number): JobError {
  return new JobError('checkpoint.timeout', `The epoch took longer than checkpoint.timeout, ${timeoutMs} ms.`, {
    hint: 'Raise checkpoint.timeout, or lower checkpoint.interval so that epochs are smaller.',
  })
}

export async function readResult(deps: ActivityDeps, reference: string): Promise<ChainResult> {
  const text = await deps.parts.store.text(reference)
  if (text === null)
    throw new JobError('storage.failed', `The result of a finished step is gone from the store: ${reference}.`, {
      hint: 'Check that every worker uses the same ETL_STORAGE_URL.',
    })
  return JSON.parse(text) as ChainResult
}

/** What a subtask of this generation has finished is not run again, whichever attempt it was (I9 makes them equal). */
async function newestResult(deps: ActivityDeps, place: string): Promise<ChainReceipt | null> {
  let newest: string | null = null
  for await (const { key } of deps.parts.store.list(`${place}/`)) newest = key
  return newest === null ? null : receiptOf(await readResult(deps, newest), newest)
}

function receiptOf(result: ChainResult, reference: string): ChainReceipt {
  const sum = Object.values(result.counters).reduce(addCounters, noRecords)
  return {
    vertexId: result.vertexId,
    subtask: result.subtask,
    reference,
    recordsIn: sum.in,
    recordsOut: sum.out,
  }
}

/** Counts ride on the heartbeat, and are mirrored at most once a second; a mirror that is away never stops the work. */
function reportTo(
  deps: ActivityDeps,
  call: Call,
  { executionId, vertexId, subtask }: ChainTask,
  shown: StepOnBoard | undefined,
) {
  let mirroredMs = deps.now()
  return (counters: Readonly<Record<string, Counters>>) => {
    const sum = Object.values(counters).reduce(addCounters, noRecords)
    shown?.counted(counters)
    call.heartbeat({ recordsIn: sum.in, recordsOut: sum.out })
    if (deps.now() - mirroredMs < 1000) return
    mirroredMs = deps.now()
    deps.journal.progress(executionId, `${vertexId}/${subtask}`, counters).catch(() => undefined)
  }
}
