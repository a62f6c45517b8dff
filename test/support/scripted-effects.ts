import type { ErrorCode } from '../../core/errors/codes.js'
import { JobError, reportError } from '../../core/errors/job-error.js'
import type { Savepoint, Wishes } from '../../core/execution/control.js'
import type { ExecutionEffects, Outcome, Prepared } from '../../core/execution/effects.js'
import type { Next } from '../../core/execution/plan.js'

export type Step = 'prepare' | 'runChain' | 'triggerCheckpoint' | 'finish'

/** A world of `epochs` epochs whose steps fail as the script says: the n-th call of all calls, with which code. */
export interface Script {
  readonly epochs: number
  readonly failures: ReadonlyMap<number, ErrorCode>
  /** How often a plan cannot be dropped, because a sink cannot be asked. */
  readonly sinkAway?: number
  readonly maxRestarts: number
  readonly tolerableFailures?: number
  /** After its epochs it waits for input, as STREAMING does; waiting is a call too. */
  readonly isStreaming?: boolean
  readonly wishes?: WishAt
  /** A delay is a call too. */
  readonly delayIsStep?: boolean
}

/** A wish that comes in the middle of the step that this is the n-th call of. */
export type WishAt = ReadonlyMap<number, 'pause' | 'resume' | 'savepoint' | 'stop' | 'drain' | 'now' | 'stop now'>

export interface World {
  readonly wishes: Wishes
  /** Savepoints, and what the status became. */
  readonly shown: string[]
  readonly effects: ExecutionEffects
  readonly committed: number[]
  /** Epochs whose plan was given up. */
  readonly dropped: number[]
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
  const dropped: number[] = []
  const asked = { isToPause: false, savepoint: 'none' as Savepoint, isNow: false }
  let isMet: (() => boolean) | null = null
  let isDrained = false
  /** The one that drains. */
  let lastEpoch = 0
  let calls = 0
  let attempt = 1
  let restarts = 0
  const raise = (to: Savepoint) => {
    if (KINDS.indexOf(to) > KINDS.indexOf(asked.savepoint)) asked.savepoint = to
  }
  const ask = (wish: ReturnType<WishAt['get']>) => {
    if (wish === 'pause' || wish === 'resume') asked.isToPause = wish === 'pause'
    if (wish === 'savepoint' || wish === 'now') raise('continue')
    if (wish === 'stop' || wish === 'stop now') raise('stop')
    if (wish === 'drain') raise('drain')
    if (wish === 'now' || wish === 'stop now') asked.isNow = true
  }
  const wishes: Wishes = {
    isToPause: () => asked.isToPause,
    savepoint: () => asked.savepoint,
    isNow: () => asked.isNow,
    whoPauses: () => 'ada',
    whoSaves: () => 'ada',
    unless: async (met, work) => {
      if (met()) return
      isMet = met
      try {
        await work()
      } catch (error) {
        if (error !== brokenOff) throw error
      } finally {
        isMet = null
      }
    },
    whilePaused: async () => {
      ask(script.wishes?.get(calls++) ?? 'resume')
    },
    nowPaused: () => undefined,
    // A stop is wanted until the end has come.
    nowSaved: (_checkpointId, kind) => {
      if (kind === 'continue') asked.savepoint = 'none'
      asked.isNow = false
    },
  }
  const step = () => {
    ask(script.wishes?.get(calls))
    const code = script.failures.get(calls++)
    if (isMet?.() === true) throw brokenOff
    if (code !== undefined) throw new JobError(code, `failed with ${code}`)
  }
  let away = script.sinkAway ?? 0
  const used = () => Math.max(0, ...committed, ...dropped)
  const plan = (): Next => ({ kind: 'plan', epoch: used() + 1, phase: 1, notBefore: null })
  const next = (): Next => {
    if (isDrained) return { kind: 'exhausted' }
    if (committed.length < script.epochs) return plan()
    return { kind: script.isStreaming === true ? 'idle' : 'exhausted' }
  }
  const effects: ExecutionEffects = {
    prepare: async (executionId): Promise<Prepared> => {
      step()
      return {
        owner: { executionId, generation: 1, attempt },
        phases: [{ number: 1, stages: [[{ vertexId: 'v', name: 'v', parallelism: 1, upstream: [] }]] }],
        next: next(),
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
      isDrained = epoch === lastEpoch
      return leaveUnplanned === true && !isDrained ? { kind: 'unplanned' } : next()
    },
    planEpoch: async (_owner, drains) => {
      if (!drains || next().kind === 'exhausted') return next()
      lastEpoch = used() + 1
      return plan()
    },
    dropPlan: async (_owner, epoch) => {
      step()
      attempt += 1
      if (away > 0) {
        away -= 1
        return {
          isDropped: false,
          attempt,
          failure: reportError(new JobError('connection.refused', 'The sink is away.')),
        }
      }
      // What has run to its end is shown by a sink.
      const isDropped = !ran.some((one) => one.epoch === epoch)
      if (isDropped) dropped.push(epoch)
      return { isDropped, attempt }
    },
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
    evaluateRestart: async (owner, _executionId, { error, tolerated }) => {
      // As the activity does when it is asked again.
      if (owner !== null && attempt > owner.attempt) return { restart: true, delayMs: 0, reason: 'before', attempt }
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
      if (script.delayIsStep === true) step()
      slept.push(ms)
    },
    untilAdmitted: async () => undefined,
    now: () => 0,
  }
  return { effects, wishes, shown, committed, dropped, ran, slept, outcomes, failuresSeen }
}

const KINDS: readonly Savepoint[] = ['none', 'continue', 'stop', 'drain']
const brokenOff = new Error('broken off')
