import { describe, expect, test } from '@jest/globals'
import { latencyMsOf } from '../../../../core/metrics/latency.js'
import { counted, sampleJob } from '../../../support/sample-job.js'

const { graph } = sampleJob()
const timed = {
  ...graph,
  stream: {
    ...graph.stream,
    nodes: graph.stream.nodes.map((node) =>
      node.id === 'flights' || node.id === 'delayed'
        ? { ...node, watermark: { time: 't', outOfOrdernessMs: 5000, idleTimeoutMs: null } }
        : node,
    ),
  },
} as typeof graph
const at = (ms: number | null) => ({ at: ms, idle: false, lastMs: 0, partitions: {} })

describe('latency', () => {
  test('is from the newest time of the records to their commit, of the node that is furthest behind', () => {
    const watermarks = { flights: at(94_999), delayed: at(91_999) }
    expect(latencyMsOf(timed, { watermarks, counters: counted(10, 5) }, 102_000)).toBe(5000)
  })

  test('is not known where no node names a time, or none has had records', () => {
    expect(latencyMsOf(graph, { watermarks: {}, counters: counted(10, 5) }, 102_000)).toBeNull()
    expect(latencyMsOf(timed, { watermarks: { flights: at(null) }, counters: counted(10, 5) }, 102_000)).toBeNull()
    expect(latencyMsOf(timed, { watermarks: { flights: at(94_999) }, counters: {} }, 102_000)).toBeNull()
  })

  test('is never below nothing, whatever clocks say', () => {
    expect(latencyMsOf(timed, { watermarks: { flights: at(94_999) }, counters: counted(1, 1) }, 50_000)).toBe(0)
  })
})
