import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { copyExactly, needsExactNumbers } from '../../../../connectors/kafka/exact-numbers.js'

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

test('is asked for by decimals that a DOUBLE does not hold', () => {
  const of = (type: string) => needsExactNumbers([{ name: 'a', type }])
  expect([of('DECIMAL(15,2)'), of('DOUBLE'), of('BIGINT')]).toEqual([false, false, false])
  expect([of('DECIMAL(16,2)'), of('STRUCT(a DECIMAL(38,9))[]')]).toEqual([true, true])
})
