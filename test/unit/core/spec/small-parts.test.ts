import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { findCycles, topologicalOrder } from '../../../../core/graph/order.js'
import { formatDuration, parseDuration, parseSize } from '../../../../core/spec/duration.js'
import { editDistance, nearest } from '../../../../core/spec/nearest.js'
import { documentJsonSchema, documentSchemas, jobJsonSchema, jobSpec } from '../../../../core/spec/schema.js'
import { toSettings } from '../../../../core/spec/to-settings.js'

describe('durations and sizes', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
    ['-3h', -10_800_000],
    ['5', null],
    ['s', null],
    ['1 s', null],
    ['1w', null],
    ['36500d', 3_153_600_000_000],
    ['36500.1d', null],
    ['-36501d', null],
    ['9999999999d', null],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    ['64MiB', 67_108_864],
    ['1KB', 1000],
    ['10B', 10],
    ['64', null],
    ['64Mib', null],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it('are read back as they are written', () => {
    fc.assert(fc.property(fc.nat(), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)))
  })
})

describe('the nearest name', () => {
  it('is the one with the fewest differences, if it is near', () => {
    expect(nearest('intervall', ['timeout', 'interval', 'retained'])).toBe('interval')
    expect(nearest('amuont', ['amount', 'account'])).toBe('amount')
    expect(nearest('filter', ['FILTER'])).toBe('FILTER')
    expect(nearest('x', ['amount'])).toBeNull()
    expect(nearest('b', ['a'])).toBeNull()
  })

  it('is measured alike in both directions, and never beyond the limit', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 8 }),
        fc.string({ maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (a, b, limit) => {
          const exact = editDistance(a, b)
          expect(editDistance(b, a)).toBe(exact)
          expect(editDistance(a, b, limit)).toBe(Math.min(exact, limit))
          expect(exact === 0).toBe(a === b)
        },
      ),
    )
  })
})

describe('orders of a graph', () => {
  const links = fc
    .array(fc.record({ from: fc.nat(9), to: fc.nat(9) }), { maxLength: 20 })
    .map((pairs) => pairs.map(({ from, to }) => ({ from: `n${from}`, to: `n${to}` })))
  const ids = Array.from({ length: 10 }, (_, index) => `n${index}`)

  it('put producers first, or find a cycle that is one', () => {
    fc.assert(
      fc.property(links, (edges) => {
        const { order, rest } = topologicalOrder(ids, edges)
        expect([...order, ...rest].toSorted()).toEqual(ids)
        for (const { from, to } of edges)
          if (order.includes(to)) expect(order.indexOf(from)).toBeLessThan(order.indexOf(to))
        const cycles = findCycles(ids, edges)
        expect(cycles.length > 0).toBe(rest.length > 0)
        for (const cycle of cycles) {
          cycle.forEach((from, index) => {
            const to = cycle[(index + 1) % cycle.length]!
            expect(edges).toContainEqual({ from, to })
          })
        }
      }),
    )
  })
})

describe('the schema of a job', () => {
  const nodes = [{ id: 'a', source: 'file' }]

  it('gives a BATCH job and a STREAMING job their own defaults', () => {
    const batch = toSettings(jobSpec.parse({ name: 'a', nodes }))
    expect(batch).toMatchObject({
      type: 'BATCH',
      checkpoint: { intervalMs: 30_000, timeoutMs: 600_000, retained: null, tolerableFailures: 0 },
      restart: { strategy: 'FIXED_DELAY', maxRestarts: 3, delayMs: 10_000 },
      timeoutMs: null,
      retry: null,
      slaMs: null,
      delivery: 'EXACTLY_ONCE',
      onBadRecord: { action: 'FAIL' },
    })
    const streaming = toSettings(jobSpec.parse({ name: 'a', type: 'STREAMING', nodes }))
    expect(streaming).toMatchObject({
      checkpoint: { intervalMs: 5000 },
      restart: { strategy: 'EXPONENTIAL_BACKOFF', maxRestarts: 'UNLIMITED', maxDelayMs: 60_000 },
    })
  })

  it('lets CONTINUE run once at a time', () => {
    expect(toSettings(jobSpec.parse({ name: 'a', positions: 'CONTINUE', nodes })).maxConcurrentRuns).toBe(1)
  })

  it('is published with a description of every field', () => {
    const bare: string[] = []
    const visit = (schema: Record<string, unknown>, path: string): void => {
      for (const [name, field] of Object.entries(
        (schema.properties ?? {}) as Record<string, Record<string, unknown>>,
      )) {
        if (typeof field.description !== 'string') bare.push(`${path}/${name}`)
        visit(field, `${path}/${name}`)
      }
      for (const key of ['items', 'additionalProperties'])
        if (typeof schema[key] === 'object') visit(schema[key] as Record<string, unknown>, path)
      for (const option of [
        ...((schema.oneOf ?? []) as Record<string, unknown>[]),
        ...((schema.anyOf ?? []) as Record<string, unknown>[]),
      ])
        visit(option, path)
    }
    for (const kind of Object.keys(documentSchemas) as (keyof typeof documentSchemas)[])
      visit(documentJsonSchema(kind), kind)
    expect(bare).toEqual([])
    expect(jobJsonSchema()).toMatchObject({ required: ['name', 'nodes'], additionalProperties: false })
  })
})
