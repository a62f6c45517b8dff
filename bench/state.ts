/** What an epoch costs that changes few of many groups: close and snapshot, in the engine alone. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { z } from 'zod'
import type { Connector } from '../connectors/spi.js'
import type { StateHandle } from '../core/execution/chain-task.js'
import { replaceStates } from '../core/execution/merge-results.js'
import { text } from '../duckdb/sql.js'
import { compileJob } from '../engine/compile-job.js'
import type { EngineParts } from '../engine/engine.js'
import { runChain } from '../engine/run-chain.js'
import { releaseAll } from '../engine/sessions.js'
import { functionsBelow } from '../functions/open-functions.js'
import { operators } from '../operators/index.js'
import { openStore } from '../storage/open-store.js'
import type { Benchmark } from './benchmark.js'
import { boundFigure, elapsedMs, ratioFigure } from './figures.js'
import type { Rig } from './rig.js'

const changed = 10_000
const rounds = 7

export const state = stateBenchmark('state', 1_000_000, false)
export const stateTenfold = stateBenchmark('state-10x', 10_000_000, true)

function stateBenchmark(name: string, groups: number, onlyByName: boolean): Benchmark {
  const size = `${groups / 1_000_000} M`
  return {
    name,
    ours: `an epoch that changes ${changed.toLocaleString('en')} of ${size} groups (count, sum, max), from reading to the files of its checkpoint`,
    raw: `DuckDB: COPY of a table with as many groups to Parquet, as a checkpoint that writes everything`,
    rounds,
    onlyByName,
    prepare: async (rig) => {
      const epochs = await openEpochs(rig, name)
      await epochs.run(0, groups)
      const whole = await openWhole(join(rig.files, `${name}.parquet`), groups)
      let round = 0
      return {
        ours: async () => {
          round += 1
          const ms = await epochs.run(round * changed, round * changed + changed)
          if (round === rounds) await releaseAll()
          return { ms }
        },
        raw: async () => ({ ms: await whole() }),
      }
    },
    judge: (pairs) => [
      boundFigure(pairs, { ...elapsedMs, what: 'per epoch, at most', below: 1_000 }),
      ratioFigure(pairs, { ...elapsedMs, what: 'per epoch', factor: null }),
    ],
  }
}

/** Records `from` to `to` through AGGREGATE; a group for each number, spread by its hash. Answers milliseconds. */
async function openEpochs(rig: Rig, name: string) {
  const scratch = join(rig.files, `${name}-sessions`)
  await mkdir(scratch)
  const parts = partsOf(rig, scratch)
  const compiled = await compileJob(job, parts)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  const { graph, settings } = compiled
  let states: readonly StateHandle[] = []
  let epoch = 0
  return {
    run: async (from: number, to: number): Promise<number> => {
      epoch += 1
      const budget = { records: to - from, bytes: 0 }
      const at = new Date(Date.UTC(2026, 0, 1) + epoch).toISOString()
      const started = performance.now()
      const result = await runChain(
        {
          executionId: name,
          lineageId: name,
          graph,
          settings,
          parameters: {},
          logicalTime: at,
          vertexId: 'numbers',
          subtask: 0,
          phase: graph.phases[0]!,
          fence: { generation: 1, attempt: 1, epoch, activityAttempt: 1 },
          plan: {
            epoch,
            phase: 1,
            at,
            sources: { numbers: { splits: [[{ from, to }]], to, end: false, budget } },
            end: false,
          },
          states,
          positions: {},
          upstream: [],
        },
        parts,
        { signal: new AbortController().signal, progress: () => undefined },
      )
      states = replaceStates(states, result.states)
      return performance.now() - started
    },
  }
}

const job = {
  name: 'state',
  type: 'STREAMING',
  nodes: [
    { id: 'numbers', source: 'numbers', config: {} },
    {
      id: 'groups',
      operator: 'AGGREGATE',
      input: 'numbers',
      config: { groupBy: ['k'], aggregates: { records: 'count(*)', total: 'sum(x)', highest: 'max(x)' } },
    },
    { id: 'nowhere', sink: 'numbers', input: 'groups', config: {} },
  ],
}

function partsOf(rig: Rig, scratch: string): EngineParts {
  return {
    connectors: [numbers],
    operators,
    store: openStore(`file://${join(scratch, 'store')}`),
    connection: async () => ({}),
    secret: async () => '',
    functions: functionsBelow(null, 'NOWHERE'),
    environment: {},
    files: { fileRoots: null, base: rig.files },
    scratch,
    memoryLimitBytes: 4 * 2 ** 30,
    threads: 2,
  }
}

const batch = 250_000

const numbers: Connector = {
  name: 'numbers',
  summary: 'Counts, and throws away.',
  source: {
    config: z.object({}),
    guarantees: { replayable: true, parallel: true },
    open: () => ({
      schema: async () => [
        { name: 'k', type: 'BIGINT' },
        { name: 'x', type: 'BIGINT' },
      ],
      plan: async () => ({ splits: [[]], to: 0, end: false }),
      read: async function* (given) {
        const { from, to } = given as { readonly from: number; readonly to: number }
        for (let at = from; at < to; at += batch) {
          const end = Math.min(to, at + batch)
          const select = `SELECT CAST(hash(n) >> 2 AS BIGINT) AS k, n AS x FROM range(${at}, ${end}) t(n)`
          const isolate = async () => ({ select, rejected: [] })
          yield { select, records: end - at, isolate, place: () => ({}), release: async () => undefined }
        }
        return { position: to, end: false }
      },
    }),
  },
  sink: {
    config: z.object({}),
    guarantees: { exactlyOnce: true, upsert: true, parallel: true },
    open: () => ({
      check: async () => [],
      prepare: async () => undefined,
      finish: async () => undefined,
      open: async () => ({
        committed: null,
        method: 'NOWHERE',
        append: async () => [],
        commit: async () => undefined,
        close: async () => undefined,
      }),
    }),
  },
}

async function openWhole(file: string, groups: number): Promise<() => Promise<number>> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  await connection.run(
    `CREATE TABLE groups AS SELECT CAST(hash(n) >> 2 AS BIGINT) AS k, 1::BIGINT AS records, n AS total, n AS highest FROM range(${groups}) t(n)`,
  )
  return async () => {
    await rm(file, { force: true })
    const started = performance.now()
    await connection.run(`COPY groups TO ${text(file)} (FORMAT parquet, COMPRESSION snappy)`)
    return performance.now() - started
  }
}
