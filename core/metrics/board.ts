/**
 * What runs in this process, told by the steps themselves and read by whoever samples. The clock is the caller's, and only
 * goes forward. What a step has counted by its end is kept until it has been sampled once: so the samples of an epoch add up
 * to the row of its checkpoint, if each of its steps ran once.
 */

import { addBytes, type ByteTotals, bytesOf, noBytes } from '../execution/byte-totals.js'
import type { ChainResult, StateHandle } from '../execution/chain-task.js'
import { addTotals, noTotals, type RecordTotals, totalsOfEpoch } from '../execution/record-totals.js'
import type { JobGraph } from '../graph/job-graph.js'
import { groupBy } from '../group-by.js'
import { type Counters, noRecords, type OperatorCounters, subtractCounters, sumCounters } from '../record/counters.js'
import type { ExecutionSample, OperatorSample } from './sample.js'

export interface StepFacts {
  readonly executionId: string
  readonly jobId: string
  readonly jobName: string
  readonly vertexId: string
  readonly subtask: number
  readonly epoch: number
  readonly phase: number
  readonly graph: JobGraph
  /** Totals of the execution before this epoch. */
  readonly before: RecordTotals
  readonly bytesBefore: ByteTotals
  /** That it starts from, of the whole execution. */
  readonly states: readonly StateHandle[]
}

export interface StepOnBoard {
  /** So far. */
  counted(counters: OperatorCounters): void
  /** null: it failed, and what it has counted is no part of its epoch. */
  ended(nowMs: number, result: Pick<ChainResult, 'counters' | 'exchanges'> | null): void
}

export interface Board {
  begin(step: StepFacts, nowMs: number): StepOnBoard
  /** Executions that had a step since the sample before; of others there is nothing to tell. */
  sample(nowMs: number): readonly ExecutionSample[]
}

interface Watched extends StepFacts {
  sinceMs: number
  endedMs: number | null
  isDone: boolean
  counters: OperatorCounters
  sampled: OperatorCounters
}

/** Of the newest epoch of an execution: what its steps had counted that are done, and no longer on the board. */
interface Done {
  readonly epoch: number
  readonly counters: OperatorCounters
}

export function openBoard(): Board {
  const steps = new Set<Watched>()
  const doneBefore = new Map<string, Done>()
  return {
    begin(facts, nowMs) {
      const step: Watched = { ...facts, sinceMs: nowMs, endedMs: null, isDone: false, counters: {}, sampled: {} }
      steps.add(step)
      return {
        counted: (counters) => {
          step.counters = counters
        },
        ended: (endMs, result) => {
          step.endedMs = endMs
          step.isDone = result !== null
          step.counters = result?.counters ?? step.counters
        },
      }
    },
    sample(nowMs) {
      const executions = groupBy(steps, ({ executionId }) => executionId)
      for (const executionId of doneBefore.keys()) if (!executions.has(executionId)) doneBefore.delete(executionId)
      const samples = [...executions].map(([executionId, own]) => {
        const sampled = sampleOf(own, doneBefore.get(executionId) ?? null, nowMs)
        doneBefore.set(executionId, sampled.done)
        return sampled.sample
      })
      for (const step of steps) {
        step.sampled = step.counters
        step.sinceMs = nowMs
        if (step.endedMs !== null) steps.delete(step)
      }
      return samples
    },
  }
}

function sampleOf(steps: readonly Watched[], before: Done | null, nowMs: number) {
  const newest = steps.reduce((a, b) => (b.epoch >= a.epoch ? b : a))
  const { executionId, jobId, epoch, graph, phase } = newest
  const kept = before?.epoch === epoch ? before.counters : {}
  const current = steps.filter((step) => step.epoch === epoch && (step.endedMs === null || step.isDone))
  const sum = current.map(({ counters }) => counters).reduce(sumCounters, kept)
  const done = current.filter(({ endedMs }) => endedMs !== null).map(({ counters }) => counters)
  const operators = operatorSamples(steps, nowMs)
  const sample: ExecutionSample = {
    executionId,
    jobId,
    epoch,
    totals: addTotals(newest.before, totalsOfEpoch(graph, phase, sum)),
    bytes: addBytes(newest.bytesBefore, bytesOf(graph, sum)),
    done: steps.map((step) => totalsOfEpoch(step.graph, step.phase, deltaOf(step))).reduce(addTotals, noTotals),
    bytesDone: steps.map((step) => bytesOf(step.graph, deltaOf(step))).reduce(addBytes, noBytes),
    backpressureMs: operators.reduce((ms, { counters }) => ms + counters.backpressureMs, 0),
    backpressureCount: operators.reduce((waits, { counters }) => waits + counters.backpressureCount, 0),
    coveredMs: nowMs - Math.min(...steps.map(({ sinceMs }) => sinceMs)),
    stateSizeBytes: newest.states.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
    operators,
  }
  return { sample, done: { epoch, counters: done.reduce(sumCounters, kept) } }
}

function operatorSamples(steps: readonly Watched[], nowMs: number): readonly OperatorSample[] {
  const newest = steps.at(-1)!
  const parts = steps.flatMap((step) => {
    const coveredMs = (step.endedMs ?? nowMs) - step.sinceMs
    return Object.entries(deltaOf(step)).map(([operatorId, counters]) => ({
      operatorId,
      subtask: `${step.vertexId}/${step.subtask}`,
      counters,
      idleMs: Math.max(0, coveredMs - counters.processingMs - counters.backpressureMs),
    }))
  })
  return [...groupBy(parts, ({ operatorId }) => operatorId)].map(([operatorId, own]) => {
    const bySubtask = groupBy(own, ({ subtask }) => subtask)
    const into = [...bySubtask.values()].map((of) => of.reduce((records, { counters }) => records + counters.in, 0))
    return {
      operatorId,
      operatorName: newest.graph.stream.nodes.find(({ id }) => id === operatorId)?.name ?? operatorId,
      counters:
        own.map(({ counters }) => ({ [operatorId]: counters })).reduce(sumCounters, {})[operatorId] ?? noRecords,
      subtasks: bySubtask.size,
      busiest: Math.max(...into),
      idleMs: own.reduce((ms, one) => ms + one.idleMs, 0),
      stateSizeBytes: newest.states
        .filter(({ nodeId }) => nodeId === operatorId)
        .reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
    }
  })
}

function deltaOf({ counters, sampled }: Watched): Readonly<Record<string, Counters>> {
  return Object.fromEntries(
    Object.entries(counters).map(([id, now]) => [id, subtractCounters(now, sampled[id] ?? noRecords)]),
  )
}
