import { expect, test } from '@jest/globals'
import * as wire from '@platformatic/kafka'
import fc from 'fast-check'
import { murmur2, partitionOf } from '../../../../connectors/kafka/murmur2.js'

test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('hashes %s as Kafka does', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('hashes everything as the library does, and always finds a partition', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 200 }), (key, partitions) => {
      expect(murmur2(key)).toBe(wire.murmur2(Buffer.from(key)))
      const partition = partitionOf(key, partitions)
      expect(partition >= 0 && partition < partitions).toBe(true)
    }),
  )
})
