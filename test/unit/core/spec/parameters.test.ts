import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { normaliseParameters, normaliseValue } from '../../../../core/spec/parameter-values.js'
import { type Surroundings, substitute } from '../../../../core/spec/parameters.js'
import type { ParameterType } from '../../../../core/spec/settings.js'
import { quotedSpans } from '../../../../core/spec/sql-quotes.js'

const values = (parameters: Record<string, [ParameterType, string]>) => ({
  parameters: Object.fromEntries(Object.entries(parameters).map(([name, [, value]]) => [name, value])),
  declarations: Object.fromEntries(
    Object.entries(parameters).map(([name, [type]]) => [name, { type, default: null, description: null }]),
  ),
  logicalTime: '2026-03-01T05:00:00.000Z',
  executionId: 'e-1',
  event: { path: '/in/a.csv', size: { bytes: 7 } },
  resolved: new Map([['${secret:TOKEN}', 't']]),
})
const put = (text: string, surroundings: Surroundings, given: Record<string, [ParameterType, string]> = {}) =>
  substitute(text, surroundings, values(given))

describe('a parameter', () => {
  it.each<[ParameterType, string, string, string]>([
    ['STRING', "it's", "CAST('it''s' AS VARCHAR)", "'it''s'"],
    ['INT', '42', "CAST('42' AS BIGINT)", '42'],
    ['DECIMAL', '-1.50', "CAST('-1.50' AS DECIMAL(18,2))", '-1.50'],
    [
      'DECIMAL',
      '12345678901234567890.123',
      "CAST('12345678901234567890.123' AS DECIMAL(23,3))",
      '12345678901234567890.123',
    ],
    ['BOOLEAN', 'true', 'TRUE', 'TRUE'],
    ['DATE', '2001-01-01', "CAST('2001-01-01' AS DATE)", "'2001-01-01'"],
    ['TIMESTAMP', '2001-01-01T02:00:00+02:00', "CAST('2001-01-01 00:00:00' AS TIMESTAMP)", "'2001-01-01 00:00:00'"],
  ])('of type %s is a literal in SQL, and as it is in text', (type, value, sql, foreign) => {
    expect(put('x = ${p}', 'sql', { p: [type, value] })).toBe(`x = ${sql}`)
    expect(put('x = ${p}', 'foreign', { p: [type, value] })).toBe(`x = ${foreign}`)
  })

  it('cannot leave its literal, whatever its value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (value) => {
          const text = put('x = ${p} AND y', 'sql', { p: ['STRING', value] })
          const spans = quotedSpans(text, false)
          expect(text.slice(0, spans[0]!.start)).toBe('x = CAST(')
          expect(text.slice(spans.at(-1)!.end)).toBe(' AS VARCHAR) AND y')
          expect(spans.slice(1).map((span) => span.start)).toEqual(spans.slice(0, -1).map((span) => span.end))
        },
      ),
    )
  })

  it('with a backslash is refused where another database reads it', () => {
    expect(() => put('x = ${p}', 'foreign', { p: ['STRING', "\\' OR 1=1 -- "] })).toThrow('backslash')
  })

  it.each(["'${p}'", "E'a\\'${p}'", '"${p}"', "'a' || '-${p}-'", '$$ ${p} $$', '$a$ ${p} $a$'])(
    'inside quotes is refused: %s',
    (text) => {
      expect(() => put(text, 'sql', { p: ['STRING', 'v'] })).toThrow(
        expect.objectContaining({
          message: '${p} stands inside quotes.',
          hint: 'Drop the quotes: ${p} is a value of its own.',
        }),
      )
    },
  )

  it.each(['a -- ${p}', '/* /* */ ${p} */ a'])('in a comment is refused: %s', (text) => {
    expect(() => put(text, 'sql', { p: ['STRING', 'v'] })).toThrow('stands in a comment')
  })

  it('is refused where one database would read quotes and another would not', () => {
    expect(() => put("'it\\'s ${p}'", 'foreign', { p: ['STRING', 'v'] })).toThrow('inside quotes')
  })

  it('is text in a path', () => {
    expect(put('in/${day}/${n}.csv', 'text', { day: ['DATE', '2001-01-01'], n: ['INT', '7'] })).toBe(
      'in/2001-01-01/7.csv',
    )
  })

  it('without a value is asked for', () => {
    const empty = { ...values({}), declarations: { p: { type: 'INT' as const, default: null, description: null } } }
    expect(() => substitute('${p}', 'text', empty)).toThrow(
      expect.objectContaining({ code: 'usage.invalid', message: 'The parameter `p` has no value.' }),
    )
  })
})

describe('other references', () => {
  it('stand for the logical time, the execution, and fields of the event', () => {
    expect(put('${logicalTime} ${executionId} ${event.path} ${event.size.bytes}', 'text')).toBe(
      '2026-03-01T05:00:00.000Z e-1 /in/a.csv 7',
    )
    expect(put('t < ${logicalTime}', 'sql')).toBe("t < CAST('2026-03-01 05:00:00' AS TIMESTAMP)")
    expect(put('p = ${event.path}', 'sql')).toBe("p = CAST('/in/a.csv' AS VARCHAR)")
  })

  it('may be secrets in text, and never in SQL', () => {
    expect(put('Bearer ${secret:TOKEN}', 'text')).toBe('Bearer t')
    expect(() => put('x = ${secret:TOKEN}', 'sql')).toThrow('may not stand in an expression')
    expect(() => put('${env:PATH}', 'text')).toThrow('may not be read')
  })

  it.each(['${', '${}', '${a b}', '${1}', '${secret:}'])('that name nothing are refused: %s', (text) => {
    expect(() => put(text, 'text')).toThrow('is not a reference')
  })
})

describe('values of parameters', () => {
  it.each<[ParameterType, string, string | null]>([
    ['INT', '+7', '7'],
    ['INT', '9223372036854775807', '9223372036854775807'],
    ['INT', '9223372036854775808', null],
    ['INT', '1.0', null],
    ['DECIMAL', '007.10', '7.10'],
    ['DECIMAL', '1e5', null],
    ['DECIMAL', '.5', '0.5'],
    ['BOOLEAN', 'TRUE', 'true'],
    ['BOOLEAN', 'yes', null],
    ['DATE', '2001-02-29', null],
    ['DATE', '2004-02-29', '2004-02-29'],
    ['TIMESTAMP', '2001-01-01', '2001-01-01 00:00:00'],
    ['TIMESTAMP', '2001-01-01 10:30', '2001-01-01 10:30:00'],
    ['TIMESTAMP', '2001-01-01T10:30:00.120Z', '2001-01-01 10:30:00.12'],
    ['TIMESTAMP', '2001-01-01T25:00:00Z', null],
    ['STRING', ' as it is ', ' as it is '],
    ['STRING', 'a\0b', null],
  ])('%s %j is read as %j', (type, given, normal) => {
    if (normal === null) expect(() => normaliseValue('p', type, given)).toThrow(/`p`/)
    else expect(normaliseValue('p', type, given)).toBe(normal)
  })

  it('are complete, known and of their type', () => {
    const declarations = {
      day: { type: 'DATE' as const, default: '2001-01-01', description: null },
      n: { type: 'INT' as const, default: null, description: null },
    }
    expect(normaliseParameters({ n: 3 }, declarations)).toEqual({ day: '2001-01-01', n: '3' })
    const failure = (given: Record<string, unknown>) => expect(() => normaliseParameters(given, declarations))
    failure({}).toThrow(expect.objectContaining({ code: 'usage.invalid', message: 'The parameter `n` needs a value.' }))
    failure({ n: 'x' }).toThrow(
      expect.objectContaining({ code: 'usage.invalid', message: "The parameter `n` is an INT, and 'x' is not." }),
    )
    failure({ n: 1, dya: 2 }).toThrow(expect.objectContaining({ hint: 'Did you mean `day`?' }))
  })

  it('written normally are read as themselves', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }),
        (date) => {
          const once = normaliseValue('p', 'TIMESTAMP', date.toISOString())
          expect(normaliseValue('p', 'TIMESTAMP', once)).toBe(once)
          expect(Date.parse(`${once.replace(' ', 'T')}Z`)).toBe(date.getTime())
        },
      ),
    )
  })
})
