import { describe, expect, test } from '@jest/globals'
import { findMismatches } from '../../../../core/execution/accounting.js'
import { totalsOfEpoch } from '../../../../core/execution/record-totals.js'
import { type Counters, noRecords } from '../../../../core/record/counters.js'
import { aGraph } from '../../../support/a-graph.js'

const graph = aGraph()
const [side, main] = graph.phases
if (side === undefined || main === undefined) throw new Error('the graph has two phases')

const counted = (part: Partial<Counters>): Counters => ({ ...noRecords, ...part })
const balanced = {
  flights: counted({ in: 10, out: 10, passed: 10 }),
  delayed: counted({ in: 10, out: 4, passed: 4, filtered: 6 }),
  named: counted({ in: 4, out: 4, passed: 4 }),
  warehouse: counted({ in: 4, out: 4, passed: 4 }),
}

describe('accounting of records (I8)', () => {
  test('finds nothing where every record is accounted for', () => {
    expect(findMismatches(graph, main, balanced)).toEqual([])
  })

  test('names the operator whose sum does not come out', () => {
    const counters = { ...balanced, delayed: counted({ in: 10, out: 4, passed: 4, filtered: 5 }) }
    expect(findMismatches(graph, main, counters)).toEqual(['delayed took 10 records and accounts for 9.'])
  })

  test('names the edge on which records were lost', () => {
    const counters = { ...balanced, warehouse: counted({ in: 3, out: 3, passed: 3 }) }
    expect(findMismatches(graph, main, counters)).toEqual(['4 records were sent to warehouse, which took 3.'])
  })

  test('counts on a second output the records that were late', () => {
    const [edge, ...edges] = graph.stream.edges.toReversed()
    const late = { ...graph, stream: { ...graph.stream, edges: [...edges, { ...edge!, output: 'late' as const }] } }
    expect(edge).toMatchObject({ to: 'warehouse' })
    expect(findMismatches(late, main, { ...balanced, named: counted({ in: 4, out: 9, passed: 4, late: 4 }) })).toEqual(
      [],
    )
    expect(findMismatches(late, main, balanced)).toEqual(['0 records were sent to warehouse, which took 4.'])
  })

  test('counts the build side of a join as absorbed, in its own phase', () => {
    const counters = { airports: counted({ in: 3, out: 3, passed: 3 }), named: counted({ in: 3, absorbed: 3 }) }
    expect(findMismatches(graph, side, counters)).toEqual([])
    expect(totalsOfEpoch(graph, side.number, counters)).toMatchObject({ read: 0, sideRead: 3, processed: 0 })
  })

  test('gives read = written + filtered + failed for the whole', () => {
    const totals = totalsOfEpoch(graph, main.number, balanced)
    expect(totals).toMatchObject({ read: 10, sideRead: 0, processed: 10, written: 4, filtered: 6, failed: 0 })
    expect(totals.read).toBe(totals.written + totals.filtered + totals.failed)
  })
})
