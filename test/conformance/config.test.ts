/** What every connector upholds without a system: its configs say what is wrong where, and nothing that is secret is told. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { connectors } from '../../connectors/index.js'
import { checkConfig } from '../../core/config/problems.js'
import { type ConfigSchema, configOf, jsonSchemaOf } from '../../core/config/schema.js'
import { redact, type SchemaNode } from '../../core/security/secret-fields.js'
import { type FieldCase, fieldCases } from './config-cases.js'

const place = { pointer: '/config', nodeId: 'n', code: 'config.invalid' }
/** At least one of them is no value of any field. */
const wrong = [7.5, true, 'no-such-word', { notASetting: 1 }, [{ notASetting: 1 }], null, -1, '']
const word = 'pa55-word-7c1e'

function problemsOf(schema: ConfigSchema, config: unknown) {
  const checked = checkConfig(schema, config, place)
  return checked.ok ? [] : checked.problems
}

const isAt = ({ pointer }: FieldCase, found: string) => `${found}/`.startsWith(`/config${pointer}/`)

describe.each(connectors.map((connector) => [connector.name, connector] as const))(
  'connector %s',
  (name, { connection, source, sink }) => {
    const schemas = Object.entries({
      connection: connection?.config,
      source: source?.config,
      sink: sink?.config,
    }).filter((one): one is [string, ConfigSchema] => one[1] !== undefined)

    test('names the field of a config that is not known', () => {
      for (const [, schema] of schemas)
        expect(problemsOf(schema, { notASetting: 1 }).map(({ pointer }) => pointer)).toContain('/config/notASetting')
    })

    test.each(schemas)(
      '%s: names each field that is missing or wrong, and tells in words what belongs there',
      (_side, schema) => {
        const published = jsonSchemaOf(schema)
        const missing = problemsOf(schema, {}).map(({ pointer }) => pointer)
        for (const required of (published.required ?? []) as string[]) expect(missing).toContain(`/config/${required}`)
        for (const field of fieldCases(published)) {
          const before = new Set(problemsOf(schema, field.config(undefined)).map(({ pointer }) => pointer))
          let named = 0
          for (const value of wrong) {
            const problems = problemsOf(schema, field.config(value)).filter(
              ({ pointer }) => !before.has(pointer) || isAt(field, pointer),
            )
            const at = problems.filter(({ pointer }) => isAt(field, pointer))
            if (at.length > 0) named += 1
            for (const { message } of at)
              expect([field.pointer, message]).toEqual([field.pointer, expect.stringMatching(/\S/)])
            // It is wrong, and something else is said to be. What a valid value rules out elsewhere is another matter.
            if (at.length === 0 && !configOf(field.schema).safeParse(value).success)
              expect([field.pointer, value, problems]).toEqual([field.pointer, value, []])
          }
          if (takesAnything(field)) continue
          expect([field.pointer, named > 0]).toEqual([field.pointer, true])
        }
      },
    )

    test('publishes a JSON Schema with a description of every field', () => {
      for (const [, schema] of schemas) {
        const described = Object.entries(
          (jsonSchemaOf(schema).properties ?? {}) as Record<string, { description?: string }>,
        )
        for (const [field, { description }] of described)
          expect([field, description]).toEqual([field, expect.any(String)])
      }
    })

    test.each(schemas)('%s: tells a secret in no problem of its config, and shows none', (_side, schema) => {
      const published = jsonSchemaOf(schema)
      for (const field of fieldCases(published)) {
        if (field.schema.secret !== true) continue
        expect(inspect(redact(field.config(word), published as SchemaNode), { depth: 20 })).not.toContain(word)
        for (const value of [[word], { [word.replaceAll('-', '')]: word }, `${word}\n`.repeat(3)])
          expect(JSON.stringify(problemsOf(schema, field.config(value)).map(({ message }) => message))).not.toContain(
            word,
          )
      }
      for (const field of fieldCases(published)) {
        const text = JSON.stringify(problemsOf(schema, field.config(`nowhere://user:${word}@host/%`)))
        expect([field.pointer, text.includes(word)]).toEqual([field.pointer, false])
      }
    })

    test('is held to what sources and sinks uphold, in a file of this folder', () => {
      const file = fileURLToPath(new URL(`./${name}.test.ts`, import.meta.url))
      expect([name, existsSync(file)]).toEqual([name, true])
      const text = readFileSync(file, 'utf8')
      if (source !== undefined) expect(text).toMatch(/describeSource\(/)
      // Of a black hole nothing is ever visible: there is no mark to find either.
      const keepsMarks = sink?.guarantees.exactlyOnce === true && name !== 'blackhole'
      if (sink !== undefined) expect(text).toMatch(keepsMarks ? /describeSink\(/ : /describeLooseSink\(/)
    })
  },
)

/** A field without a type takes whatever there is. */
function takesAnything({ schema }: FieldCase): boolean {
  const { description: _description, default: _default, ...rules } = schema
  return Object.keys(rules).length === 0
}
