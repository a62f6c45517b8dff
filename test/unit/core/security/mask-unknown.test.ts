import { expect, test } from '@jest/globals'
import { maskUnknown } from '../../../../core/security/mask-unknown.js'
import type { SchemaNode } from '../../../../core/security/secret-fields.js'

const text = { type: 'string' }
const object = (properties: Record<string, SchemaNode>, further: SchemaNode = {}) => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...further,
})

test.each<[string, SchemaNode, unknown, unknown]>([
  ['a field that is not known', object({ a: text }), { a: 'x', b: 'y', c: { d: 1 } }, { a: 'x', b: '***', c: '***' }],
  ['one that is called like a method', object({ a: text }), { constructor: 'y' }, { constructor: '***' }],
  [
    'what none of several ways knows',
    { anyOf: [text, object({ a: text }), object({ b: text })] },
    { a: 'x', b: 'y', c: 'z' },
    { a: 'x', b: 'y', c: '***' },
  ],
  [
    'what is in a list',
    { type: 'array', items: object({ a: text }) },
    [{ a: 'x' }, { b: 'y' }],
    [{ a: 'x' }, { b: '***' }],
  ],
  ['an object in the place of a text', object({ a: text }), { a: { b: 'y' } }, { a: { b: '***' } }],
  ['a list in the place of an object', object({ a: object({}) }), { a: ['y'] }, { a: '***' }],
  ['a text in the place of an object', object({ a: object({}) }), { a: 'password=y' }, { a: '***' }],
  [
    'what is not known beside fields of which one is needed',
    object({ a: text }, { oneOf: [{ required: ['a'] }] }),
    { b: 'y' },
    { b: '***' },
  ],
  ['nothing where any name may be', object({}, { additionalProperties: text }), { a: 'x' }, { a: 'x' }],
  ['nothing where anything may be', object({ a: {} }), { a: { b: ['x'] } }, { a: { b: ['x'] } }],
])('masked is %s', (_title, schema, value, shown) => {
  expect(maskUnknown(value, schema)).toEqual(shown)
})
