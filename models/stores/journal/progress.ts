/** Numbers while an epoch runs: for people, never authoritative, and never in anyone's way. */
import { Op } from 'sequelize'
import { addTotals, noTotals, totalsOfEpoch } from '../../../core/execution/record-totals.js'
import type { OperatorCounters } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import type { JobVersions } from './job-versions.js'
import { findExecution } from './ownership.js'
import { recordColumns } from './record-columns.js'
import { sumOfSteps } from './sum-of-steps.js'

const LEAST_BETWEEN_MS = 900
const REMEMBERED = 1000

export function progressMirror(db: Database, versions: JobVersions) {
  const shownAt = new Map<string, number>()
  return async (executionId: string, step: string, operators: OperatorCounters): Promise<void> => {
    if (!isDue(shownAt, `${executionId} ${step}`, LEAST_BETWEEN_MS)) return
    const execution = await findExecution(db, executionId)
    const { epochs, metrics } = execution
    const { graph } = await versions(execution)
    // Two that report at the same moment may overwrite each other; the next report puts that right.
    const progress = { ...execution.progress, [step]: operators }
    const sum = sumOfSteps(progress)
    const totals = addTotals(metrics?.totals ?? noTotals, totalsOfEpoch(graph, phaseOf(graph, sum), sum))
    await db.tables.jobExecution.update(
      { ...recordColumns(totals), progress, executionStatus: 'RUNNING' },
      { where: { executionId, epochs, executionStatus: { [Op.in]: ['RUNNING', 'RESTARTING'] } } },
    )
  }
}

/** The first phase that has all nodes which are at work. */
function phaseOf(
  graph: { readonly phases: readonly { readonly number: number; readonly nodes: readonly string[] }[] },
  operators: OperatorCounters,
): number {
  const atWork = Object.keys(operators)
  const phase = graph.phases.find(({ nodes }) => atWork.every((nodeId) => nodes.includes(nodeId)))
  return (phase ?? graph.phases.at(-1))?.number ?? 1
}

function isDue(times: Map<string, number>, step: string, leastMs: number): boolean {
  const now = Date.now()
  const last = times.get(step)
  if (last !== undefined && now - last < leastMs) return false
  times.set(step, now)
  const oldest = times.keys().next().value
  if (times.size > REMEMBERED && oldest !== undefined) times.delete(oldest)
  return true
}
