/** Which operator an execution is as slow as, and why. */
import type { JobGraph } from '../graph/job-graph.js'

/** What an operator did in a while, all its subtasks together; times are milliseconds. */
export interface OperatorWork {
  readonly operatorId: string
  readonly recordsIn: number
  readonly processingMs: number
  /** Waiting for what is behind it: counted where its chain begins. */
  readonly backpressureMs: number
  readonly subtasks: number
  /** Records into the subtask that had most. */
  readonly busiest: number
}

/**
 * BUSY: it computes for longer than any other. WAITING_FOR_SINK: it is a sink, and what is before it waits for the outside
 * system. SKEWED: one of its subtasks has so much more to do than the others that these wait for it.
 */
export type Slowness = 'BUSY' | 'WAITING_FOR_SINK' | 'SKEWED'

export interface Slowest {
  readonly operatorId: string
  readonly why: Slowness
  /** Of the time of its slowest subtask, beside that of all operators together. */
  readonly percent: number
  /** Records of the busiest subtask beside those of an average one. */
  readonly skew: number
  readonly message: string
}

/** From here on one subtask makes the others wait. */
const skewed = 1.5

/** null: nothing has been worked on. Of two that are as slow the one that comes first in the graph. */
export function slowestOperator(graph: JobGraph, work: readonly OperatorWork[]): Slowest | null {
  const nodes = new Map(graph.stream.nodes.map((node) => [node.id, node]))
  const timed = graph.stream.nodes.flatMap(({ id }) => {
    const own = work.find(({ operatorId }) => operatorId === id)
    return own === undefined ? [] : [{ own, ms: timeOf(own), skew: skewOf(own) }]
  })
  const all = timed.reduce((sum, { ms }) => sum + ms, 0)
  const [first] = timed.toSorted((a, b) => b.ms - a.ms)
  if (first === undefined || first.ms === 0) return null
  const { operatorId, recordsIn } = first.own
  const facts = { operatorId, percent: Math.round((first.ms * 100) / all), skew: Math.round(first.skew * 100) / 100 }
  const share = `${operatorId} takes ${facts.percent} % of the processing time`
  if (recordsIn > 0 && first.skew >= skewed)
    return {
      ...facts,
      why: 'SKEWED',
      message: `${share}: one of its ${first.own.subtasks} subtasks has ${facts.skew} times the records of an average one.`,
    }
  const isSink = nodes.get(operatorId)?.nodeType === 'SINK'
  if (!isSink) return { ...facts, why: 'BUSY', message: `${share}: it is busy.` }
  const waited = Math.round(work.reduce((ms, { backpressureMs }) => ms + backpressureMs, 0))
  const before = waited > 0 ? `; what is before it has waited ${waited} ms` : ''
  return { ...facts, why: 'WAITING_FOR_SINK', message: `${share}: it waits for what it writes to${before}.` }
}

/** An epoch takes as long as its slowest subtask: time is taken to go with records. */
function timeOf(work: OperatorWork): number {
  return (work.processingMs / Math.max(1, work.subtasks)) * skewOf(work)
}

/** 1: all subtasks have the same. */
function skewOf({ recordsIn, subtasks, busiest }: OperatorWork): number {
  return recordsIn === 0 ? 1 : Math.max(1, (busiest * subtasks) / recordsIn)
}
