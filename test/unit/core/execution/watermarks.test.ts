import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  advance,
  combined,
  higher,
  type NodeWatermark,
  nextIdleMs,
  type SeenPartitions,
  standingOf,
} from '../../../../core/execution/watermarks.js'
import { aNode } from '../../../support/a-node.js'

const seen = (at: number | null, ended = false) => ({ at, records: true, ended })
const after = (...epochs: readonly (readonly [SeenPartitions, number])[]) =>
  epochs.reduce<NodeWatermark | undefined>((before, [now, ms]) => advance(before, now, ms, 1_000), undefined)!

describe('a node is as far as the slowest of its partitions at work', () => {
  test('and nowhere while one of them has had no time', () => {
    expect(after([{ a: seen(50), b: seen(null) }, 0]).at).toBeNull()
    expect(after([{ a: seen(50), b: seen(20) }, 0]).at).toBe(20)
  })

  test('one that has ended is not waited for; of none left, the furthest counts', () => {
    expect(after([{ a: seen(50), b: seen(20, true) }, 0]).at).toBe(50)
    expect(after([{ a: seen(50, true), b: seen(20, true) }, 0])).toMatchObject({ at: 50, partitions: {} })
  })

  test('one that is silent for the idle time-out is not waited for, and begins again where its node is', () => {
    const quiet = after([{ a: seen(50), b: seen(20) }, 0], [{ a: seen(70) }, 1_000])
    expect(quiet).toMatchObject({ at: 70, idle: false, partitions: { b: { idle: true, at: 20 } } })
    expect(standingOf(quiet, 'b', quiet.at)).toBe(70)
    expect(standingOf(quiet, 'a', quiet.at)).toBe(70)
    expect(after([{ a: seen(50), b: seen(20) }, 0], [{ a: seen(70) }, 999]).at).toBe(20)
  })

  test('silent altogether, it holds nobody back; without a time-out it does for ever', () => {
    expect(after([{}, 0], [{}, 1_000])).toMatchObject({ at: null, idle: true })
    expect(after([{ a: seen(50) }, 0], [{}, 1_000])).toMatchObject({ at: 50, idle: true })
    expect(advance(after([{}, 0]), {}, 1e12, null)).toMatchObject({ at: null, idle: false })
  })
})

test('by the clock alone nothing becomes idle before the time that is told, and of what is told something does', () => {
  const silent = fc.record({ at: fc.option(fc.nat(50)), idle: fc.boolean(), lastMs: fc.nat(5_000) })
  const node = fc.record({
    at: fc.option(fc.nat(50)),
    idle: fc.boolean(),
    lastMs: fc.nat(5_000),
    partitions: fc.dictionary(fc.constantFrom('a', 'b', 'c'), silent),
  })
  const watermark = { time: 't', outOfOrdernessMs: 0, idleTimeoutMs: 1_000 }
  const graphOf = (changes: Parameters<typeof aNode>[1]) => ({ stream: { nodes: [aNode('n', changes)], edges: [] } })
  const graph = graphOf({ watermark })
  fc.assert(
    fc.property(node, fc.nat(7_000), (before, nowMs) => {
      const at = (ms: number) => advance(before, {}, ms, 1_000)
      const flags = ({ idle, partitions }: NodeWatermark) => [idle, ...Object.values(partitions).map((one) => one.idle)]
      const nextMs = nextIdleMs(graph, { n: before }, nowMs)
      expect(flags(at(nextMs === null ? 1e9 : nextMs - 1))).toEqual(flags(at(nowMs)))
      if (nextMs !== null)
        expect([before, ...Object.values(before.partitions)].some((one) => one.lastMs + 1_000 === nextMs)).toBe(true)
    }),
  )
  const begun = { at: null, idle: false, lastMs: 0, partitions: {} }
  expect(nextIdleMs(graph, { n: begun }, 0)).toBe(1_000)
  expect(nextIdleMs(graphOf({}), { n: begun }, 0)).toBeNull()
})

test('several nodes: the slowest that is not idle, and of idle ones the furthest', () => {
  const node = (at: number | null, idle = false) => ({ at, idle })
  expect(combined([node(5), node(9)])).toBe(5)
  expect(combined([node(5, true), node(9)])).toBe(9)
  expect(combined([node(null), node(9)])).toBeNull()
  expect(combined([node(5, true), node(9, true)])).toBe(9)
  expect(combined([])).toBeNull()
})

test('a watermark never goes back, and no record meets less than its node had reached before its epoch', () => {
  const names = fc.constantFrom('a', 'b', 'c')
  const epoch = fc.tuple(
    fc.dictionary(names, fc.record({ ahead: fc.nat({ max: 50 }), ended: fc.boolean() })),
    fc.nat({ max: 800 }),
  )
  fc.assert(
    fc.property(fc.array(epoch, { maxLength: 20 }), (epochs) => {
      let node: NodeWatermark | undefined
      let ms = 0
      for (const [now, passed] of epochs) {
        ms += passed
        const before = node
        const floor = before?.at ?? null
        const partitions = Object.fromEntries(
          Object.entries(now).map(([name, { ahead, ended }]) => {
            const stands = standingOf(before, name, floor)
            expect(higher(stands, floor)).toBe(stands)
            return [name, seen((stands ?? 0) + ahead, ended)]
          }),
        )
        node = advance(before, partitions, ms, 1_000)
        expect(higher(node.at, floor)).toBe(node.at)
      }
    }),
  )
})
