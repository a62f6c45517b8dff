import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type CommitLog, type Manifest, openLog, prepareLog } from '../../../../connectors/file/commit-log.js'
import { diskTarget } from '../../../../connectors/file/disk-target.js'
import type { TargetFiles } from '../../../../connectors/file/target-files.js'
import type { Fence } from '../../../../core/execution/fence.js'
import { fence, mark } from '../../../conformance/sink-suite.js'

let folder: string
let files: TargetFiles

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commit-log-'))
  files = diskTarget(folder)
  await prepareLog(files, 'log')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Epochs whose parts became visible, in order. */
function writers(over: TargetFiles) {
  const published: number[] = []
  const publish = async ({ mark: { epoch } }: Manifest) => {
    if (!published.includes(epoch)) published.push(epoch)
  }
  const open = (given: Fence) => openLog(over, 'log', given, publish)
  async function commit(log: CommitLog, given: Fence) {
    const manifest = { fence: given, mark: mark(given.epoch, 1), parts: [] }
    await log.commit(manifest)
    await publish(manifest)
  }
  return { open, commit, published }
}

test('stays as small after many epochs as after one', async () => {
  const { open, commit } = writers(files)
  for (let epoch = 1; epoch <= 200; epoch += 1) {
    const log = await open(fence({ epoch }))
    expect(log.committed).toEqual(epoch === 1 ? null : mark(epoch - 1, 1))
    await commit(log, fence({ epoch }))
  }
  expect((await readdir(join(folder, 'log'))).length).toBeLessThanOrEqual(2)
})

test('a writer that slept while its number was taken, cleared away and became free again does not commit', async () => {
  const { open, commit, published } = writers(files)
  const old = await open(fence({ epoch: 1 }))
  for (let epoch = 1; epoch <= 5; epoch += 1)
    await commit(await open(fence({ attempt: 2, epoch })), fence({ attempt: 2, epoch }))
  await expect(commit(old, fence({ epoch: 1 }))).rejects.toMatchObject({ code: 'fenced' })
  await expect(open(fence({ attempt: 1, epoch: 9 }))).rejects.toMatchObject({ code: 'fenced' })
  const next = await open(fence({ attempt: 3, epoch: 6 }))
  expect(next.committed).toEqual(mark(5, 1))
  expect(published).toEqual([1, 2, 3, 4, 5])
})

test('what nobody could answer for any more was done all the same', async () => {
  const lossy: TargetFiles = {
    ...files,
    // The first request has made it, and its answer is lost: asked again, it is there.
    create: async (name, text) => {
      await files.create(name, text)
      return await files.create(name, text)
    },
  }
  const { open, commit, published } = writers(lossy)
  await commit(await open(fence({ epoch: 1 })), fence({ epoch: 1 }))
  expect((await open(fence({ epoch: 2 }))).committed).toEqual(mark(1, 1))
  expect(published).toEqual([1])
})

/** Every operation waits for its turn, as a schedule deals them. */
function scheduled(scheduler: fc.Scheduler): TargetFiles {
  return {
    ...files,
    create: scheduler.scheduleFunction(files.create),
    read: scheduler.scheduleFunction(files.read),
    names: scheduler.scheduleFunction(files.names),
    remove: scheduler.scheduleFunction(files.remove),
  }
}

test('of writers of one epoch that meet in any order, one at most commits, and the next ones see it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
      async (scheduler, attempts) => {
        await rm(join(folder, 'log'), { recursive: true, force: true })
        await prepareLog(files, 'log')
        const commits: Manifest['mark'][] = []
        const { open, commit } = writers(scheduled(scheduler))
        const run = async (given: Fence) => {
          const log = await open(given)
          if (log.committed !== null) return
          await commit(log, given)
          commits.push(mark(1, 1))
        }
        const all = attempts.map((attempt, at) =>
          run(fence({ attempt, activityAttempt: at + 1 })).catch((error: { code?: string }) => {
            if (error.code !== 'fenced') throw error
          }),
        )
        await scheduler.waitFor(Promise.all(all))
        expect(commits.length).toBeLessThanOrEqual(1)
        const last = writers(files)
        const { committed } = await last.open(fence({ attempt: 9, epoch: 2 }))
        if (commits.length === 1) expect(committed).toEqual(mark(1, 1))
        expect((await readdir(join(folder, 'log'))).length).toBe(1)
      },
    ),
    { numRuns: 150 },
  )
}, 120_000)
