import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { allExactly, anyInexact, exactly } from '../../../connectors/exact-numbers.js'

function copied(text: string): string {
  return exactly(Buffer.from(text)).toString('utf8')
}

test('numbers that a DOUBLE does not hold are marked, and nothing else is', () => {
  expect(copied('{"a": 12345678901234567.89, "b":[-0.12345678901234567,1.5e3],"c":12345678901234567890}')).toBe(
    '{"a": "\\f\\t\\f12345678901234567.89", "b":["\\f\\t\\f-0.12345678901234567",1.5e3],"c":12345678901234567890}',
  )
  const inText = '{"a":"12345678901234567.89","b\\"":"\\\\","c":"-1.2345678901234567 \\" 1.2345678901234567"}'
  expect(copied(inText)).toBe(inText)
  expect(copied('1.23456789012345678')).toBe('"\\f\\t\\f1.23456789012345678"')
})

test('a DOUBLE written with all its digits stands for itself', () => {
  const json = '[0.30000000000000004,1.2345678901234567,123456789012345680000.5e-3,-2.2250738585072014e-308]'
  expect(copied(json)).toBe(json.replace('123456789012345680000.5e-3', '"\\f\\t\\f123456789012345680000.5e-3"'))
})

test('a text that is never closed ends with its line', () => {
  expect(copied('{"a":"x\n{"a":1.23456789012345678}')).toBe('{"a":"x\n{"a":"\\f\\t\\f1.23456789012345678"}')
})

test('the JSON is the same but for those numbers, whatever it is', () => {
  const asNumbers = (json: string) =>
    JSON.parse(json, (_key, value) =>
      typeof value === 'string' && value.startsWith('\f\t\f') ? Number(value.slice(3)) : value,
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
      const isMarked = copied(json) !== json
      if (isMarked) expect(await anyInexact(pieces())).toBe(true)
    }),
  )
})
