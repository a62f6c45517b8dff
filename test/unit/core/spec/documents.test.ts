import { describe, expect, it } from '@jest/globals'
import { parseDocuments } from '../../../../core/spec/documents.js'

describe('a file of definitions', () => {
  it('holds several documents of several kinds, and knows the line of each field', () => {
    const { documents, problems } = parseDocuments(
      'name: a\nnodes:\n  - id: x\n    config: { path: 1 }\n---\nkind: connection\nname: c\n',
    )
    expect(problems).toEqual([])
    expect(documents.map(({ kind, line }) => [kind, line])).toEqual([
      ['job', 1],
      ['connection', 6],
    ])
    expect(documents[0]!.lineOf('/nodes/0/config/path')).toBe(4)
    expect(documents[0]!.lineOf('/nodes/0/missing')).toBe(3)
    expect(documents[1]!.lineOf('/name')).toBe(7)
  })

  it('may be JSON', () => {
    expect(parseDocuments('{"name": "a", "nodes": []}').documents[0]!.value).toEqual({ name: 'a', nodes: [] })
  })

  it('keeps dates as text', () => {
    expect(parseDocuments('day: 2001-01-01').documents[0]!.value).toEqual({ day: '2001-01-01' })
  })

  it('names line and column of what cannot be read, and still reads the other documents', () => {
    const { documents, problems } = parseDocuments('name: [a\n---\nname: b\n')
    expect(problems[0]!).toMatchObject({
      code: 'spec.unreadable',
      message: expect.stringMatching(/^Line \d+, column \d+: /),
    })
    expect(documents.map(({ value }) => value)).toEqual([{ name: 'b' }])
  })

  it.each([
    ['a key given twice', 'name: a\nname: b', /Line 2, column 1: .*unique/],
    ['a document that is no object', '- a', /must be an object/],
    ['an unknown kind', 'kind: conection', /no kind of document `conection`/],
    ['an empty file', '', /empty/],
    [
      'an anchor that multiplies',
      `a: &a [1,1,1,1,1,1,1,1,1]\n${'bcdefgh'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`)
        .join('\n')}`,
      /alias/i,
    ],
  ])('refuses %s', (_, text, message) => {
    const { problems, documents } = parseDocuments(text)
    expect(documents).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]!.message).toMatch(message)
  })
})
