import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { allExactly, copyExactly, needsExactNumbers } from '../../../connectors/exact-numbers.js'

function copied(text: string): string {
  const bytes = Buffer.from(text)
  const into = Buffer.alloc(bytes.length * 2)
  return into.toString('utf8', 0, copyExactly(bytes, 0, bytes.length, into, 0))
}

test('long fractions become text, and nothing else does', () => {
  expect(copied('{"a": 12345678901234567.89, "b":[-0.1234567890123456,1.5e3],"c":12345678901234567890}')).toBe(
    '{"a": "12345678901234567.89", "b":["-0.1234567890123456",1.5e3],"c":12345678901234567890}',
  )
  const inText = '{"a":"12345678901234567.89","b\\"":"\\\\","c":"-1.2345678901234567 \\" 1.2345678901234567"}'
  expect(copied(inText)).toBe(inText)
  expect(copied('1.2345678901234567')).toBe('"1.2345678901234567"')
})

test('the JSON is the same but for those numbers, whatever it is', () => {
  const asNumbers = (json: string) =>
    JSON.parse(json, (_key, value) =>
      typeof value === 'string' && /^-?[\d.]+(e[+-]?\d+)?$/i.test(value) ? Number(value) : value,
    )
  fc.assert(fc.property(fc.json(), (json) => expect(asNumbers(copied(json))).toEqual(asNumbers(json))))
})

test('it makes no difference where JSON is cut into pieces', async () => {
  const numbers = fc.stringMatching(/^-?[0-9]{1,20}([.][0-9]{1,20})?(e[+-]?[0-9])?$/)
  const texts = fc.oneof(
    fc.json(),
    fc.array(numbers).map((all) => `[${all.join(',')}]`),
  )
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.nat({ max: 9 })), async (json, lengths) => {
      const bytes = Buffer.from(json)
      async function* pieces() {
        let at = 0
        for (const length of lengths) {
          yield bytes.subarray(at, at + length)
          at += length
        }
        yield bytes.subarray(at)
      }
      const out: Uint8Array[] = []
      for await (const piece of allExactly(pieces())) out.push(Buffer.from(piece))
      expect(Buffer.concat(out).toString()).toBe(copied(json))
    }),
  )
})

test('is asked for by decimals that a DOUBLE does not hold', () => {
  const of = (type: string) => needsExactNumbers([{ name: 'a', type }])
  expect([of('DECIMAL(15,2)'), of('DOUBLE'), of('BIGINT')]).toEqual([false, false, false])
  expect([of('DECIMAL(16,2)'), of('STRUCT(a DECIMAL(38,9))[]')]).toEqual([true, true])
})
