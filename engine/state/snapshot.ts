/** State of operators: from the last checkpoint's files into the session, and back into new files (I5). */
import { createHash } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { StateHandle } from '../../core/execution/chain-task.js'
import { isDealtAlike, keptBy } from '../../core/execution/kept-by.js'
import { buildPort, isPartOf } from '../../core/execution/state-names.js'
import { unfitStates } from '../../core/execution/unfit-states.js'
import type { StreamEdge } from '../../core/graph/stream-graph.js'
import { sameName } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { Input, StateTable } from '../../operators/operator.js'
import type { ObjectStore } from '../../storage/store.js'
import { type Chain, columnsOf, type Step } from '../chain.js'
import type { ChainRun } from '../chain-run.js'
import { createEmpty } from '../parquet.js'
import { ownRows } from '../partition.js'
import { loadParts } from './load.js'
import { saveParts } from './save.js'

/** What a session must hold before this epoch can run in it. */
export function stateLabel(chain: Chain, run: ChainRun, states: readonly StateHandle[]): string {
  const nodes = new Set(chain.steps.map((step) => step.node.id))
  const paths = states
    .filter((handle) => nodes.has(handle.nodeId) && (handle.subtask === run.subtask || isDealtOtherwise(handle, run)))
    .map((handle) => `${handle.nodeId} ${handle.subtask} ${handle.name} ${handle.path}`)
    .sort()
  return createHash('sha256')
    .update(JSON.stringify([run.phase.number, paths]))
    .digest('hex')
}

/** Into an empty session: empty tables at all inputs, build sides whole, state as it was. */
export async function restore(session: Session, chain: Chain, run: ChainRun, store: ObjectStore): Promise<void> {
  for (const step of chain.steps) {
    await createInputs(session, step)
    refuseUnfit(step, run)
    for (const build of step.builds) await loadBuildSide(session, step, build, run, store)
    for (const table of step.compiled.state ?? []) {
      await session.run(table.create)
      await loadState(session, step, table, run, store)
    }
  }
}

/** A port that has no batch at the moment has an empty table. */
export async function createInputs(session: Session, step: Step): Promise<void> {
  for (const input of step.inputs) await session.run(createEmpty(input.table, columnsOf(input)))
}

/**
 * The state of every step after this epoch. Unchanged state keeps its file; what has been emitted at the end is not
 * needed any more, and its file is empty; what was dealt to other subtasks before is written whole.
 */
export async function snapshot(
  session: Session,
  chain: Chain,
  run: ChainRun,
  store: ObjectStore,
  touched: { readonly changed: ReadonlySet<string>; readonly ended: ReadonlySet<string> },
): Promise<StateHandle[]> {
  const handles: StateHandle[] = []
  for (const step of chain.steps) {
    const { id } = step.node
    for (const table of step.compiled.state ?? []) {
      const known = handlesOf(run, step, table)
      const before = known.filter((handle) => !isDealtOtherwise(handle, run) && handle.subtask === run.subtask)
      const isDealtAnew = before.length < known.length && known.some((handle) => isDealtOtherwise(handle, run))
      if (touched.ended.has(id)) await session.run(`DELETE FROM ${table.table}`)
      if (touched.ended.has(id) || touched.changed.has(id) || isDealtAnew)
        handles.push(
          ...(await saveParts(session, { nodeId: id, table, before, isOver: touched.ended.has(id) }, run, store)),
        )
      else handles.push(...before)
    }
  }
  return handles
}

function refuseUnfit({ node }: Step, run: ChainRun): void {
  const [unfit] = unfitStates(
    run.states.filter(({ nodeId }) => nodeId === node.id),
    run.graph,
  )
  if (unfit !== undefined) throw new JobError('state.mismatch', unfit.message, { nodeId: node.id, hint: unfit.hint })
}

/** Files of a build side are read as they are, whoever sent them to whom. */
async function loadBuildSide(
  session: Session,
  { node }: Step,
  build: Input,
  run: ChainRun,
  store: ObjectStore,
): Promise<void> {
  const handles = run.states.filter(({ nodeId, name }) => nodeId === node.id && buildPort(name) === build.port)
  const own = handles.filter((handle) => handle.subtask === run.subtask && !isDealtOtherwise(handle, run))
  const others = handles.filter((handle) => isDealtOtherwise(handle, run))
  const target = { nodeId: node.id, table: build.table }
  if (own.length > 0) await loadParts(session, { ...target, handles: inOrder(own), own: null }, store)
  // What is sent to all is one file.
  const files = inOrder(others).filter((handle, at, all) => all.findIndex(({ path }) => path === handle.path) === at)
  if (files.length === 0) return
  const edge = edgeInto(run, node.id, build.port)
  const condition = await ownRows(session, run.graph, edge, edge.key, run.subtask)
  await loadParts(session, { ...target, handles: files, own: condition }, store)
}

async function loadState(
  session: Session,
  step: Step,
  table: StateTable,
  run: ChainRun,
  store: ObjectStore,
): Promise<void> {
  const { id } = step.node
  const handles = handlesOf(run, step, table)
  const others = handles.filter((handle) => isDealtOtherwise(handle, run))
  const target = { nodeId: id, ...table }
  if (others.length === 0) {
    const own = handles.filter(({ subtask }) => subtask === run.subtask)
    if (own.length > 0) await loadParts(session, { ...target, handles: own, own: null }, store)
    return
  }
  const condition = await ownState(session, id, table, run)
  for (const subtask of [...new Set(others.map((handle) => handle.subtask))].sort((a, b) => a - b)) {
    const parts = others.filter((handle) => handle.subtask === subtask)
    const numbered = await numberedAnew(session, table)
    await loadParts(session, { ...target, handles: parts, own: condition }, store)
    for (const statement of numbered) await session.run(statement)
  }
}

/** Statements for what is loaded next: its places follow those that are there. */
async function numberedAnew(session: Session, { table, place }: StateTable): Promise<readonly string[]> {
  if (place === undefined) return []
  const name = identifier(place)
  const [row] = await session.rows(`SELECT count(*), coalesce(max(${name}) + 1, 0) FROM ${table}`)
  const [known, next] = row ?? [0, 0]
  return [`UPDATE ${table} SET ${name} = ${name} + ${next} WHERE rowid >= ${known}`]
}

/** Which rows of a state that other subtasks have kept are this one's now; null: all. */
async function ownState(session: Session, nodeId: string, table: StateTable, run: ChainRun): Promise<string | null> {
  if (table.everywhere === true) return null
  const edge = run.graph.stream.edges.find(
    ({ to, port, blocking }) => to === nodeId && (table.port === undefined ? !blocking : port === table.port),
  )
  const columnOf = (name: string) => table.key?.find(({ of }) => sameName(of, name))?.column
  const columns = edge?.key.map(columnOf).filter((column) => column !== undefined) ?? []
  if (edge === undefined || table.key === undefined || columns.length < edge.key.length) {
    throw new JobError('state.mismatch', `The state of \`${nodeId}\` cannot be dealt to other subtasks.`, {
      nodeId,
      hint: 'Set its `parallelism` and `partition` as they were, or restart without its state.',
    })
  }
  return await ownRows(session, run.graph, edge, columns, run.subtask)
}

/** Its parts in the order in which they were added, of all subtasks. */
function handlesOf({ states }: ChainRun, { node }: Step, { name }: StateTable): StateHandle[] {
  return inOrder(states.filter((handle) => handle.nodeId === node.id && isPartOf(handle.name, name)))
}

function inOrder(handles: readonly StateHandle[]): StateHandle[] {
  const key = ({ name, subtask }: StateHandle) => `${name} ${String(subtask).padStart(6, '0')}`
  return [...handles].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function isDealtOtherwise({ nodeId, name, by }: StateHandle, { graph }: ChainRun): boolean {
  return by !== undefined && !isDealtAlike(by.dealt, keptBy(graph, nodeId, buildPort(name) ?? undefined).dealt)
}

function edgeInto({ graph }: ChainRun, nodeId: string, port: string): StreamEdge {
  const edge = graph.stream.edges.find((candidate) => candidate.to === nodeId && candidate.port === port)
  if (edge === undefined) throw new JobError('internal', `Nothing leads to the port ${port} of ${nodeId}.`)
  return edge
}
