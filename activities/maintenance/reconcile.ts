/**
 * Whether catalogue, Temporal and store agree. Executions and workflows that do not are put right by the API's own pass
 * within half a minute; here they are named. Files are named only: what is missing cannot be made up.
 */
import { isLost, namedExecutions, SETTLED_MS, withoutWorkflow, workflowOf } from '../../core/execution/parted.js'
import type { Done, Findings } from '../../core/maintenance/report.js'
import { isOrphan } from '../../core/maintenance/sweep.js'
import { marksOf, namedFiles } from '../../models/stores/maintenance/marks.js'
import type { HouseWork } from './work.js'

export async function reconcileAll(work: HouseWork): Promise<Findings> {
  const all = [await comparedWithTemporal(work), await comparedWithStore(work)]
  return { done: all.flatMap(({ done }) => done), warnings: all.flatMap(({ warnings }) => warnings) }
}

async function comparedWithTemporal({ executions, workflows, now }: HouseWork): Promise<Findings> {
  const running = await workflows.running(new Date(now() - SETTLED_MS))
  const unfinished = await executions.unfinished()
  const lost: string[] = []
  for (const one of withoutWorkflow(unfinished, new Set(running), now()))
    if (isLost(await workflows.stateOf(workflowOf(one)), one)) lost.push(one.executionId)
  const named = namedExecutions(running)
  const ids = named.map(({ executionId }) => executionId)
  const workedFor = ids.length === 0 ? new Set() : await executions.workedFor(ids, new Date(now() - SETTLED_MS))
  const strangers = named.filter(({ executionId }) => !workedFor.has(executionId)).map(({ workflowId }) => workflowId)
  return {
    done: [
      { what: 'executions that have not ended', count: unfinished.length },
      counted('executions without a workflow', lost),
      counted('workflows without an execution', strangers),
    ],
    warnings: [
      ...lost.map((id) => `Execution ${id} has no workflow: the API ends it as FAILED; restart it to go on.`),
      ...strangers.map((id) => `Workflow ${id} has no execution: the API cancels it.`),
    ],
  }
}

/** Rows are read before and after: a checkpoint that was given up meanwhile has lost nothing. */
async function comparedWithStore({ house, store, signal }: HouseWork): Promise<Findings> {
  const named = await namedFiles(house)
  const marks = await marksOf(house)
  const stored = new Set<string>()
  let orphans = 0
  for await (const file of store.list('lineage/')) {
    signal.throwIfAborted()
    stored.add(file.key)
    if (isOrphan(file, marks, Number.POSITIVE_INFINITY)) orphans += 1
  }
  const absent = named.filter(({ path }) => !stored.has(path))
  const still = new Set(absent.length === 0 ? [] : (await namedFiles(house)).map(({ path }) => path))
  const missing = absent.filter(({ path }) => still.has(path))
  return {
    done: [
      { what: 'state files that rows name', count: new Set(named.map(({ path }) => path)).size },
      counted('state files that are missing', [...new Set(missing.map(({ path }) => path))]),
      { what: 'files that no row needs', count: orphans },
    ],
    warnings: [...new Set(missing.map(({ checkpointId }) => checkpointId))].map(
      (id) => `Checkpoint ${id} names files that are not in the store: it cannot be restored.`,
    ),
  }
}

const counted = (what: string, names: readonly string[]): Done => ({ what, count: names.length, names })
