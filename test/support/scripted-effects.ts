import type { ErrorCode } from '../../core/errors/codes.js'
import { JobError } from '../../core/errors/job-error.js'
import type { ExecutionEffects, Outcome, Prepared } from '../../core/execution/effects.js'
import type { Next } from '../../core/execution/plan.js'

export type Step = 'prepare' | 'runChain' | 'triggerCheckpoint' | 'finish'

/** A world of `epochs` epochs whose steps fail as the script says: the n-th call of all calls, with which code. */
export interface Script {
  readonly epochs: number
  readonly failures: ReadonlyMap<number, ErrorCode>
  readonly maxRestarts: number
  readonly tolerableFailures?: number
}

export interface World {
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
  let calls = 0
  let attempt = 1
  let restarts = 0
  const step = () => {
    const code = script.failures.get(calls++)
    if (code !== undefined) throw new JobError(code, `failed with ${code}`)
  }
  const nextAfter = (epoch: number): Next =>
    epoch >= script.epochs ? { kind: 'exhausted' } : { kind: 'plan', epoch: epoch + 1, phase: 1, notBefore: null }
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
      }
    },
    runChain: async ({ fence, vertexId, subtask }) => {
      step()
      ran.push({ epoch: fence.epoch, attempt: fence.attempt })
      return { vertexId, subtask, reference: `result-${fence.epoch}`, recordsIn: 1, recordsOut: 1 }
    },
    triggerCheckpoint: async ({ epoch }) => {
      step()
      committed.push(epoch)
      return nextAfter(epoch)
    },
    planEpoch: async () => nextAfter(committed.length),
    awaitInput: async () => undefined,
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
  return { effects, committed, ran, slept, outcomes, failuresSeen }
}
