import { describe, expect, test } from '@jest/globals'
import * as wire from '@platformatic/kafka'
import fc from 'fast-check'
import { headersOf, type Message, recordBatches } from '../../../../connectors/kafka/record-batches.js'
import { type Outgoing, sizeOf, writeBatch } from '../../../../connectors/kafka/write-batch.js'

const producer = { id: 7n, epoch: 3, transactionalId: 'writer' }
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)))
const outgoing: fc.Arbitrary<Outgoing> = fc.record({
  key: bytes,
  value: bytes,
  headers: fc.array(
    fc.tuple(
      fc.string({ maxLength: 20 }).map((name) => Buffer.from(name)),
      bytes,
    ),
    { maxLength: 3 },
  ),
})
const compression = fc.constantFrom('none' as const, 'gzip' as const, 'snappy' as const, 'lz4' as const)

const readBack = (message: Message): Outgoing => {
  const { bytes: all, keyAt, keyLength, valueAt, valueLength } = message
  return {
    key: keyLength < 0 ? null : Buffer.from(all.subarray(keyAt, keyAt + keyLength)),
    value: valueLength < 0 ? null : Buffer.from(all.subarray(valueAt, valueAt + valueLength)),
    headers: [...headersOf(message)].map(([name, value]) => [Buffer.from(name), value && Buffer.from(value)] as const),
  }
}

describe('record batches', () => {
  test('give back the messages that were written', () => {
    fc.assert(
      fc.property(fc.array(outgoing, { minLength: 1, maxLength: 200 }), compression, (messages, how) => {
        const written = writeBatch(messages, producer, 5, how, wire)
        const [batch] = recordBatches(written, wire, 'here')
        expect(batch).toMatchObject({
          first: 0,
          last: messages.length - 1,
          producerId: 7n,
          transactional: true,
          control: null,
        })
        const read = batch!.messages()
        expect(read.map(readBack)).toEqual(messages)
        expect(read.map(({ offset }) => offset)).toEqual(messages.map((_, index) => index))
      }),
    )
  })

  test('are written as the library reads them', () => {
    fc.assert(
      fc.property(fc.array(outgoing, { minLength: 1, maxLength: 20 }), compression, (messages, how) => {
        const [batch] = wire.readRecordsBatches(wire.Reader.from(writeBatch(messages, producer, 5, how, wire)))
        const text = (value: Buffer | null) => value?.toString('hex') ?? null
        expect(batch).toMatchObject({ producerId: 7n, producerEpoch: 3, firstSequence: 5 })
        expect(batch!.records.map(({ key, value }) => [text(key), text(value)])).toEqual(
          messages.map(({ key, value }) => [text(key), text(value)]),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('take no more room than was reckoned', () => {
    fc.assert(
      fc.property(fc.array(outgoing, { minLength: 1, maxLength: 50 }), (messages) => {
        const most = messages.reduce((sum, message) => sum + sizeOf(message), 61)
        expect(writeBatch(messages, producer, 0, 'none', wire).length).toBeLessThanOrEqual(most)
      }),
    )
  })

  test('that are cut off are left for the next answer, and damaged ones are refused', () => {
    const one = writeBatch([{ key: null, value: Buffer.from('x'), headers: [] }], producer, 0, 'none', wire)
    const cut = Buffer.concat([one, one.subarray(0, one.length - 1)])
    expect([...recordBatches(cut, wire, 'here')]).toHaveLength(1)
    expect([...recordBatches(one.subarray(0, 20), wire, 'here')]).toEqual([])
    const damaged = Buffer.from(one)
    damaged[damaged.length - 3]! ^= 1
    expect(() => [...recordBatches(damaged, wire, 'here')]).toThrow(/here holds a batch .* checksum/)
    const old = Buffer.from(one)
    old[16] = 1
    expect(() => [...recordBatches(old, wire, 'here')]).toThrow(/before Kafka 0.11/)
  })
})
