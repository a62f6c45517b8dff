import type { ErrorCode } from '../../core/errors/codes.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Savepoint, Wishes } from '../../core/execution/control.js'
import type { ExecutionEffects, Outcome, Prepared } from '../../core/execution/effects.js'
import type { Next } from '../../core/execution/plan.js'

export type Step = 'prepare' | 'runChain' | 'triggerCheckpoint' | 'finish'

/** A world of `epochs` epochs whose steps fail as the script says: the n-th call of all calls, with which code. */
export interface Script {
  readonly epochs: number
  readonly failures: ReadonlyMap<number, ErrorCode>
  readonly maxRestarts: number
  readonly tolerableFailures?: number
  /** After its epochs it waits for input, as STREAMING does; waiting is a call too. */
  readonly isStreaming?: boolean
  readonly wishes?: WishAt
}

/** A wish that comes in the middle of the step that this is the n-th call of. */
export type WishAt = ReadonlyMap<number, 'pause' | 'resume' | 'savepoint' | 'stop'>

export interface World {
  readonly wishes: Wishes
  /** Savepoints, and what the status became. */
  readonly shown: string[]
  readonly effects: ExecutionEffects
  readonly committed: number[]
  readonly ran: { readonly epoch: number; readonly attempt: number }[]
  readonly slept: number[]
  readonly outcomes: Outcome[]
  readonly failuresSeen: { readonly code: string; readonly tolerated: boolean }[]
}

export function scriptedWorld(script: Script): World {
  const committed: number[] = []
  const ran: { epoch: number; attempt: number }[] = []
  const slept: number[] = []
  const outcomes: Outcome[] = []
  const failuresSeen: { code: string; tolerated: boolean }[] = []
  const shown: string[] = []
  const asked = { isToPause: false, savepoint: 'none' as Savepoint }
  let calls = 0
  let attempt = 1
  let restarts = 0
  const ask = (wish: ReturnType<WishAt['get']>) => {
    if (wish === 'pause' || wish === 'resume') asked.isToPause = wish === 'pause'
    if (wish === 'savepoint') asked.savepoint = 'continue'
    if (wish === 'stop') asked.savepoint = 'stop'
  }
  const wishes: Wishes = {
    isToPause: () => asked.isToPause,
    savepoint: () => asked.savepoint,
    unlessWanted: async (wait) => await wait(),
    whilePaused: async () => {
      ask(script.wishes?.get(calls++) ?? 'resume')
    },
    nowPaused: () => undefined,
    nowSaved: () => {
      asked.savepoint = 'none'
    },
  }
  const step = () => {
    ask(script.wishes?.get(calls))
    const code = script.failures.get(calls++)
    if (code !== undefined) throw new JobError(code, `failed with ${code}`)
  }
  const nextAfter = (epoch: number): Next =>
    epoch >= script.epochs
      ? { kind: script.isStreaming === true ? 'idle' : 'exhausted' }
      : { kind: 'plan', epoch: epoch + 1, phase: 1, notBefore: null }
  const effects: ExecutionEffects = {
    prepare: async (executionId): Promise<Prepared> => {
      step()
      return {
        owner: { executionId, generation: 1, attempt },
        phases: [{ number: 1, stages: [[{ vertexId: 'v', name: 'v', parallelism: 1, upstream: [] }]] }],
        next: nextAfter(committed.length),
        checkpointTimeoutMs: 1000,
        heartbeatTimeoutMs: 1000,
        timeoutMs: null,
        tolerableFailures: script.tolerableFailures ?? 0,
        canStop: true,
      }
    },
    runChain: async ({ fence, vertexId, subtask }) => {
      step()
      ran.push({ epoch: fence.epoch, attempt: fence.attempt })
      return { vertexId, subtask, reference: `result-${fence.epoch}`, recordsIn: 1, recordsOut: 1 }
    },
    triggerCheckpoint: async ({ epoch, leaveUnplanned }) => {
      step()
      committed.push(epoch)
      return leaveUnplanned === true ? { kind: 'unplanned' } : nextAfter(epoch)
    },
    planEpoch: async () => nextAfter(committed.length),
    awaitInput: async () => step(),
    takeSavepoint: async () => {
      step()
      shown.push(`savepoint ${committed.length}`)
      return `savepoint-${committed.length}`
    },
    setStatus: async (_owner, status) => {
      step()
      shown.push(status)
    },
    evaluateRestart: async (_owner, _executionId, { error, tolerated }) => {
      failuresSeen.push({ code: error.code, tolerated })
      const restart = tolerated || restarts < script.maxRestarts
      if (restart) attempt++
      if (restart && !tolerated) restarts++
      return { restart, delayMs: 10, reason: 'as scripted', attempt }
    },
    finish: async (_owner, _executionId, outcome) => {
      if (outcome.status === 'COMPLETED') step()
      outcomes.push(outcome)
      return outcome.status
    },
    sleep: async (ms) => {
      slept.push(ms)
    },
    untilAdmitted: async () => undefined,
    now: () => 0,
  }
  return { effects, wishes, shown, committed, ran, slept, outcomes, failuresSeen }
}
