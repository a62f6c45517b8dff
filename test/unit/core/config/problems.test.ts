import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { fieldFacts, fieldSchemas, matching } from '../../../../core/config/fields.js'
import { checkConfig } from '../../../../core/config/problems.js'
import { jsonSchemaOf, secret, sql } from '../../../../core/config/schema.js'

const window = z.strictObject({
  window: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('TUMBLING'), size: z.string() }),
    z.strictObject({ type: z.literal('SESSION'), gap: z.string(), size: sql('VALUE', 'x').optional() }),
  ]),
  target: z.union([z.string(), z.strictObject({ url: z.string(), password: secret('Lets in.') })]),
  count: z.int().min(1).max(9).default(1),
})

const problems = (value: unknown) => {
  const checked = checkConfig(window, value, { pointer: '/nodes/0/config', nodeId: 'n', code: 'config.invalid' })
  return checked.ok ? [] : checked.problems.map(({ pointer, message, hint }) => [pointer, message, hint])
}
const good = { window: { type: 'TUMBLING', size: '1m' }, target: 'a' }

describe('problems of a config', () => {
  it('are none where it is right', () => {
    expect(problems(good)).toEqual([])
  })

  it.each([
    [{ ...good, count: 0 }, '/nodes/0/config/count', 'Expected at least 1, found 0.', null],
    [{ ...good, count: '3' }, '/nodes/0/config/count', "Expected a number, found '3'.", null],
    [
      { ...good, window: { type: 'TUMBLIN', size: '1m' } },
      '/nodes/0/config/window/type',
      "Expected one of TUMBLING, SESSION, found 'TUMBLIN'.",
      'Did you mean `TUMBLING`?',
    ],
    [
      { ...good, window: { type: 'SESSION', gp: '1m', gap: '1' } },
      '/nodes/0/config/window/gp',
      'There is no setting `gp` here.',
      'Did you mean `gap`?',
    ],
    [{ ...good, target: 5 }, '/nodes/0/config/target', 'Expected text or an object, found 5.', null],
    [{ ...good, target: { url: 'x' } }, '/nodes/0/config/target/password', 'This is required: text.', null],
    [
      { ...good, 'a/b': 1 },
      '/nodes/0/config/a~1b',
      'There is no setting `a/b` here.',
      'Known here: window, target, count.',
    ],
  ])('say what was expected and found: %j', (value, pointer, message, hint) => {
    expect(problems(value)).toEqual([[pointer, message, hint]])
  })

  it('do not show what may be secret', () => {
    const shown = JSON.stringify([
      problems({ ...good, target: { url: 'x', password: '' } }),
      problems({ ...good, count: 'mysql://root:sesame@host/db' }),
    ])
    expect(shown).not.toContain('sesame')
    expect(shown).toContain('another text')
  })
})

describe('facts about a field', () => {
  it('come from the option of a union that the value has chosen', () => {
    const field = (type: string) => {
      const [schema] = fieldSchemas([window], 'window')
      return fieldFacts(fieldSchemas(matching([schema!], { type }), 'size')).sql
    }
    expect([field('TUMBLING'), field('SESSION')]).toEqual([null, 'VALUE'])
  })

  it('tell secrets, and where text is no value', () => {
    const at = (...path: (string | number)[]) =>
      fieldFacts(path.reduce((schemas, key) => fieldSchemas(schemas, key), [window as z.ZodType]))
    expect(at('target', 'password')).toEqual({ sql: null, secret: true, text: true })
    expect(at('count')).toEqual({ sql: null, secret: false, text: false })
  })

  it('stand in the published schema', () => {
    expect(JSON.stringify(jsonSchemaOf(window))).toContain('"secret":true')
  })
})
