import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { defaultPayloadConverter, type Payload } from '@temporalio/common'
import fc from 'fast-check'
import { payloadCodec } from '../../../process/payload-codec.js'

const key = () => randomBytes(32).toString('base64')
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value) as Payload
const readFrom = (given: Payload | undefined) => defaultPayloadConverter.fromPayload(given as Payload)

describe('the payload codec', () => {
  test('gives back what it was given, and shows nothing of it', async () => {
    const { encode, decode } = payloadCodec({ keys: key(), encrypts: true })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 5 }), async (values) => {
        const coded = await encode(values.map((value) => payload({ value, word: 'opensesame' })))
        expect(JSON.stringify(coded.map(({ data }) => Buffer.from(data ?? []).toString('latin1')))).not.toContain(
          'opensesame',
        )
        const plain = await decode(coded)
        expect(plain.map((one) => (readFrom(one) as { value: unknown }).value)).toEqual(
          values.map((value) => JSON.parse(JSON.stringify(value))),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('reads what was written before it was switched on, and after it was switched off', async () => {
    const keys = key()
    const [on, off] = [payloadCodec({ keys, encrypts: true }), payloadCodec({ keys, encrypts: false })]
    const plain = [payload({ id: 1 })]
    expect((await on.decode(plain)).map(readFrom)).toEqual([{ id: 1 }])
    expect(await off.encode(plain)).toEqual(plain)
    expect((await off.decode(await on.encode(plain))).map(readFrom)).toEqual([{ id: 1 }])
  })

  test('encrypts with the first key and reads with every one; without the key, or changed, nothing is read', async () => {
    const [older, newer] = [key(), key()]
    const written = await payloadCodec({ keys: older, encrypts: true }).encode([payload('x')])
    const both = payloadCodec({ keys: `${newer},${older}`, encrypts: true })
    expect((await both.decode(written)).map(readFrom)).toEqual(['x'])
    await expect(
      payloadCodec({ keys: older, encrypts: true }).decode(await both.encode([payload('x')])),
    ).rejects.toThrow('cannot be read with the keys')
    for (const at of [0, 13, 30]) {
      const data = Buffer.from(written[0]?.data ?? [])
      data[at] = (data[at] ?? 0) ^ 1
      await expect(both.decode([{ ...written[0], data }])).rejects.toThrow('cannot be read with the keys')
    }
  })
})
