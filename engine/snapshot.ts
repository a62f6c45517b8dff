/** State of operators: from the last checkpoint's files into the session, and back into new files (I5). */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StateHandle } from '../core/execution/chain-task.js'
import { additionTo, buildState, isPartOf } from '../core/execution/state-names.js'
import type { Session } from '../duckdb/session.js'
import type { Input, StateTable } from '../operators/operator.js'
import type { ObjectStore } from '../storage/store.js'
import { type Chain, columnsOf, type Step } from './chain.js'
import { type ChainRun, storeKey } from './chain-run.js'
import { copyToParquet, createEmpty, selectFromParquet } from './parquet.js'

/** What a session must hold before this epoch can run in it. */
export function stateLabel(chain: Chain, run: ChainRun, states: readonly StateHandle[]): string {
  const nodes = new Set(chain.steps.map((step) => step.node.id))
  const paths = states
    .filter((handle) => handle.subtask === run.subtask && nodes.has(handle.nodeId))
    .map((handle) => `${handle.nodeId} ${handle.name} ${handle.path}`)
    .sort()
  return createHash('sha256')
    .update(JSON.stringify([run.phase.number, paths]))
    .digest('hex')
}

/** Into an empty session: empty tables at all inputs, build sides whole, state as it was. */
export async function restore(session: Session, chain: Chain, run: ChainRun, store: ObjectStore): Promise<void> {
  for (const step of chain.steps) {
    await createInputs(session, step)
    for (const build of step.builds) await loadBuildSide(session, step, build, run, store)
    for (const table of step.compiled.state ?? []) {
      await session.run(table.create)
      const handles = handlesOf(run, step, table.name)
      if (handles.length > 0) await load(session, table.table, handles, store)
    }
  }
}

/** A port that has no batch at the moment has an empty table. */
export async function createInputs(session: Session, step: Step): Promise<void> {
  for (const input of step.inputs) await session.run(createEmpty(input.table, columnsOf(input)))
}

/**
 * The state of every step after this epoch. Unchanged state keeps its file; what has been emitted at the end is not
 * needed any more, and its file is empty.
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
      if (touched.ended.has(id)) await session.run(`DELETE FROM ${table.table}`)
      if (touched.ended.has(id) || touched.changed.has(id))
        handles.push(...(await save(session, step, table, run, store)))
      else handles.push(...handlesOf(run, step, table.name))
    }
  }
  return handles
}

async function loadBuildSide(
  session: Session,
  step: Step,
  build: Input,
  run: ChainRun,
  store: ObjectStore,
): Promise<void> {
  const prefix = `${buildState(build.port)}:`
  const handles = run.states
    .filter(
      ({ nodeId, subtask, name }) => nodeId === step.node.id && subtask === run.subtask && name.startsWith(prefix),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  if (handles.length > 0) await load(session, build.table, handles, store)
}

/** Rows keep their order: that of a LIST is part of it. */
async function load(
  session: Session,
  table: string,
  handles: readonly StateHandle[],
  store: ObjectStore,
): Promise<void> {
  const schema = await session.describe(`SELECT * FROM ${table}`)
  const files: string[] = []
  try {
    for (const handle of handles) files.push(await store.fetch(handle.path, session.folder))
    await session.run(`INSERT INTO ${table} ${selectFromParquet(files, schema)}`)
  } finally {
    for (const file of files) await rm(file, { force: true })
  }
}

/** A part for each so many epochs, and the whole again: loading them must stay cheap. */
const mostParts = 64

/** What was added since the last snapshot, where that is all that can have happened; else the whole. */
async function save(
  session: Session,
  step: Step,
  state: StateTable,
  run: ChainRun,
  store: ObjectStore,
): Promise<StateHandle[]> {
  const before = handlesOf(run, step, state.name)
  const kept = before.reduce((sum, handle) => sum + handle.records, 0)
  const [base] = before
  if (state.grows !== true || base === undefined) return [await write(session, step, state, null, run, store)]
  const records = await session.count(`SELECT count(*) FROM ${state.table}`)
  const added = await session.count(`SELECT count(*) FROM ${state.table} WHERE rowid >= ${kept}`)
  if (added !== records - kept || before.length >= mostParts || records > 2 * Math.max(base.records, fewRecords))
    return [await write(session, step, state, null, run, store)]
  return added === 0 ? before : [...before, await write(session, step, state, kept, run, store)]
}

/** Rewriting them costs less than reading one more part. */
const fewRecords = 10_000

/** `from`: the place of the first record that is new; null: all of it. */
async function write(
  session: Session,
  step: Step,
  { name, type, table }: StateTable,
  from: number | null,
  run: ChainRun,
  store: ObjectStore,
): Promise<StateHandle> {
  const all = `SELECT * FROM ${table}`
  const select = from === null ? all : `${all} WHERE rowid >= ${from}`
  const path = storeKey(run, 'state', `${step.node.id}-${name}.parquet`)
  const file = join(session.folder, 'state.parquet')
  await session.run(copyToParquet(select, await session.describe(all), file))
  const { sizeBytes } = await store.put(path, file)
  await rm(file, { force: true })
  const records = await session.count(`SELECT count(*) FROM (${select})`)
  const named = from === null ? name : additionTo(name, run.plan.epoch)
  return { nodeId: step.node.id, subtask: run.subtask, name: named, type, path, sizeBytes, records }
}

/** Its parts, in the order in which they were added. */
function handlesOf(run: ChainRun, step: Step, name: string): StateHandle[] {
  return run.states
    .filter((handle) => handle.nodeId === step.node.id && handle.subtask === run.subtask && isPartOf(handle.name, name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
