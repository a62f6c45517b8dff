import { describe, expect, test } from '@jest/globals'
import { fields } from '../../../scripts/generate/page.js'

describe('reference tables', () => {
  test('name every field, within objects and lists too, with what is required and what is the default', () => {
    const schema = {
      type: 'object',
      required: ['path', 'format'],
      properties: {
        path: { type: 'string', description: 'A file | a pattern.' },
        format: { enum: ['csv', 'json'], default: 'csv' },
        retry: { type: 'object', properties: { max: { type: 'integer', description: 'How many.' } } },
        by: { type: 'array', items: { type: 'object', properties: { column: { type: 'string' } } } },
      },
    }
    expect(fields(schema).split('\n').slice(2)).toEqual([
      '| `path` | string | required | A file \\| a pattern. |',
      '| `format` | `csv`, `json` | `csv` |  |',
      '| `retry` | object |  |  |',
      '| `retry.max` | integer |  | How many. |',
      '| `by` | list of object |  |  |',
      '| `by[].column` | string |  |  |',
    ])
  })
})
