import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Source } from '../../connectors/spi.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'
import { type AllRead, large, noCapture, readAll, readSplit } from './read-all.js'

/** A source as a connector's test sets it up: with some tens of records, read through whatever `open` gives. */
export interface SourceUnderTest {
  /** `signal`: of its context. */
  open(signal?: AbortSignal): Source
  readonly records: number
  /** Budgets that cut those records into several epochs. */
  readonly small: { readonly records: number; readonly bytes: number }
  /** Its records have an order within a logical partition only: which partition comes first depends on the epochs. */
  readonly several?: boolean
}

/** What every source upholds. */
export function describeSource(name: string, setUp: () => Promise<SourceUnderTest>): void {
  describe(`source ${name}`, () => {
    let under: SourceUnderTest
    let session: Session
    let folder: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'conformance-'))
      await mkdir(join(folder, 'session'))
      session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
      under = await setUp()
    })
    afterAll(async () => {
      session?.close()
      await rm(folder, { recursive: true, force: true })
    })

    const ordered = (records: readonly unknown[][]) =>
      under.several ? records.map(String).sort() : (records as readonly unknown[])

    test('gives every record, with the columns that it says', async () => {
      const source = under.open()
      const all = await readAll(source, session)
      expect(all.records).toHaveLength(under.records)
      if (all.bytes.length > 0) expect(all.bytes.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(0)
      expect(await session.describe('SELECT * FROM batch')).toEqual(await source.schema())
    })

    test('gives the same records in small epochs as in large ones', async () => {
      const whole = await readAll(under.open(), session)
      const pieces = await readAll(under.open(), session, { budget: under.small })
      expect(pieces.positions.length).toBeGreaterThan(2)
      expect(ordered(pieces.records)).toEqual(ordered(whole.records))
    })

    test('gives the same records to several subtasks as to one', async () => {
      const whole = await readAll(under.open(), session)
      const shared = await readAll(under.open(), session, { parallelism: 3, budget: under.small })
      expect(ordered(shared.records)).toEqual(ordered(whole.records))
      expect(shared.epochs.length).toBeLessThan(under.records / 2)
    })

    test('goes on from every position without loss or doubles', async () => {
      const whole = await readAll(under.open(), session, { budget: under.small })
      let before = 0
      for (const [index, position] of whole.positions.entries()) {
        before += whole.epochs[index]!
        const stored = JSON.parse(JSON.stringify(position))
        const rest = await readAll(under.open(), session, { from: stored })
        expect(ordered(rest.records)).toEqual(ordered(whole.records.slice(before)))
      }
    })

    test('does not wait while there is input', async () => {
      const source = under.open()
      const first = await source.plan(null, under.small, 1)
      await source.awaitInput?.(null)
      if (first.to !== null) await source.awaitInput?.(first.to)
    })

    test('gives the same records when a split is read again, by another process', async () => {
      const plan = await under.open().plan(null, under.small, 1)
      const splits = JSON.parse(JSON.stringify(plan.splits)) as typeof plan.splits
      const again: AllRead[] = []
      for (let time = 0; time < 2; time += 1) {
        const all: AllRead = { records: [], rejected: [], positions: [], places: [], epochs: [], bytes: [] }
        for (const split of splits.flat()) all.positions.push(await readSplit(under.open(), split, session, all))
        again.push(all)
      }
      expect(again[0]).toEqual(again[1])
    })

    test('stops waiting when it is told to, and reading when it is cancelled', async () => {
      const whole = await readAll(under.open(), session)
      const stop = new AbortController()
      const waiting = under.open(stop.signal).awaitInput?.(JSON.parse(JSON.stringify(whole.positions.at(-1))))
      const reading = readAll(under.open(stop.signal), session, { budget: under.small })
      const interrupting = setInterval(() => session.interrupt(), 5)
      stop.abort()
      try {
        // Either has to end: a test that waits for ever fails.
        await waiting
        await reading.catch((error) => expect(error).toMatchObject({ name: 'JobError' }))
      } finally {
        clearInterval(interrupting)
      }
      expect(ordered((await readAll(under.open(), session)).records)).toEqual(ordered(whole.records))
    })

    test('may be left in the middle of a split, and read again', async () => {
      const plan = await under.open().plan(null, large, 1)
      const [split] = plan.splits.flat()
      const source = under.open()
      const before = openFiles()
      const batches = source.read(split, await source.schema(), session, noCapture)
      const first = await batches.next()
      if (!first.done) await first.value.release()
      await batches.return({ position: null, end: false })
      expect(openFiles()).toEqual(before)
      const all: AllRead = { records: [], rejected: [], positions: [], places: [], epochs: [], bytes: [] }
      for (const one of plan.splits.flat()) await readSplit(under.open(), one, session, all)
      expect(all.records).toHaveLength(under.records)
    })

    test('plans something while there is input, however small the budget', async () => {
      const all = await readAll(under.open(), session, {
        budget: { records: 1, bytes: 1 },
        most: under.records * 3 + 10,
      })
      expect(all.records).toHaveLength(under.records)
      expect(large.records).toBeGreaterThan(under.records)
    })
  })
}

/** Files of these tests that this process has open, where it can be told. */
function openFiles(): string[] {
  const folder = '/proc/self/fd'
  const paths = existsSync(folder) ? readdirSync(folder).map((fd) => pathOf(join(folder, fd))) : []
  return paths.filter((path) => path.includes('conformance-')).sort()
}

function pathOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
