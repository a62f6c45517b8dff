import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { awaitInput } from '../../../activities/await-input.js'
import type { ActivityDeps } from '../../../activities/deps.js'
import { connectors } from '../../../connectors/index.js'
import type { CompletedCheckpoint, ExecutionRecord, SourceProgress, Standing } from '../../../core/execution/journal.js'
import type { EngineParts } from '../../../engine/engine.js'
import { planEpoch } from '../../../engine/plan-epoch.js'
import { chainOf, node, someSettings, withParts } from './drive.js'

const at = '2026-01-02T03:04:06.000Z'
const owner = { executionId: 'e', generation: 1, attempt: 1 }

/** Waits as the activity does, for sources that stand where their first plan ends. */
async function waitIn(parts: EngineParts, sources: readonly ReturnType<typeof node>[]) {
  const graph = chainOf(sources, [])
  const run = { settings: someSettings, parameters: {}, logicalTime: at, executionId: 'e', lineageId: 'l', graph }
  const signal = new AbortController().signal
  const plan = await planEpoch({ ...run, phase: graph.phases[0]!, epoch: 1, at, positions: {} }, parts, signal)
  if (typeof plan === 'string') throw new Error(plan)
  const positions = Object.fromEntries(
    Object.entries(plan.sources).map(([id, { to, end, budget }]) => {
      const progress: SourceProgress = { position: to, end, lastRecords: 1, lastDurationMs: 1, lastBudget: budget }
      return [id, progress]
    }),
  )
  const restored = { checkpointId: 'c', epoch: 1, phase: 1, positions, states: [], next: { kind: 'idle' } }
  let asked = 0
  const standing = async (): Promise<Standing> => {
    asked += 1
    return {
      record: run as unknown as ExecutionRecord,
      restored: restored as CompletedCheckpoint,
      pending: null,
      used: 1,
      unfit: [],
    }
  }
  const deps = { journal: { standing }, parts, now: Date.now } as unknown as ActivityDeps
  const ending = new AbortController()
  const state = { over: false }
  const call = { signal: ending.signal, activityAttempt: 1, heartbeat: () => undefined }
  const done = awaitInput(deps, call, owner).finally(() => {
    state.over = true
  })
  done.catch(() => undefined)
  return { done, isOver: () => state.over, cancel: () => ending.abort(), asked: () => asked }
}

const watched = (id: string, path: string) =>
  node(id, 'SOURCE', 'file', { path, watch: true, columns: { id: 'BIGINT' } }, 'BIGINT id')
const ticking = (rowsPerSecond: number) =>
  node('ticks', 'SOURCE', 'generator', { rowsPerSecond, columns: { id: 'n' } }, 'BIGINT id')

describe('waiting for input', () => {
  test('asks the catalogue once, and ends when one of several sources has something', async () => {
    await withParts(connectors, async (parts, folder) => {
      for (const name of ['a', 'b']) {
        await mkdir(join(folder, name))
        await writeFile(join(folder, name, '1.csv'), 'id\n1\n')
      }
      const wait = await waitIn(parts, [watched('one', 'a/*.csv'), watched('other', 'b/*.csv')])
      await sleep(2500)
      expect(wait.isOver()).toBe(false)
      await writeFile(join(folder, '.2.csv'), 'id\n2\n')
      await rename(join(folder, '.2.csv'), join(folder, 'b', '2.csv'))
      await wait.done
      expect(wait.asked()).toBe(1)
    })
  }, 30_000)

  test('goes on where a new file turns out to hold nothing', async () => {
    await withParts(connectors, async (parts, folder) => {
      await writeFile(join(folder, '1.csv'), 'id\n1\n')
      const wait = await waitIn(parts, [watched('one', '*.csv')])
      await writeFile(join(folder, '2.csv'), '')
      await sleep(2500)
      expect(wait.isOver()).toBe(false)
      await writeFile(join(folder, '3.csv'), 'id\n3\n')
      await wait.done
    })
  }, 30_000)

  test('ends when a record is due, and not before', async () => {
    await withParts(connectors, async (parts) => {
      const wait = await waitIn(parts, [ticking(1)])
      await sleep(300)
      expect(wait.isOver()).toBe(false)
      await wait.done
    })
  })

  test('is cut short by a cancel, and says so', async () => {
    await withParts(connectors, async (parts, folder) => {
      await writeFile(join(folder, '1.csv'), 'id\n1\n')
      const wait = await waitIn(parts, [watched('one', '*.csv'), ticking(0.001)])
      await sleep(100)
      wait.cancel()
      await expect(wait.done).rejects.toMatchObject({ code: 'cancelled' })
    })
  })
})
