import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { ADVICE, errorPageText } from '../../../../core/errors/advice.js'
import { CODES, type ErrorCode } from '../../../../core/errors/codes.js'

const codes = Object.keys(CODES) as ErrorCode[]
const pages = new URL('../../../../docs/operations/', import.meta.url)

describe('every error code', () => {
  test.each(codes)('%s says why it comes about, what to look at and what to do', (code) => {
    const { why, look, act } = ADVICE[code]
    expect(why.length).toBeGreaterThan(40)
    for (const items of [look, act]) {
      expect(items.length).toBeGreaterThan(0)
      for (const item of items) {
        expect(item).toMatch(/[.?:;)!]$/)
        expect(item.length).toBeGreaterThan(20)
      }
    }
  })

  test('has words of its own', () => {
    const all = codes.flatMap((code) => [ADVICE[code].why, ...ADVICE[code].look, ...ADVICE[code].act])
    expect(all.filter((text, index) => all.indexOf(text) !== index)).toEqual([])
  })

  test('has its page, and no page is of another', () => {
    const there = readdirSync(new URL('errors/', pages)).sort()
    expect(there).toEqual(codes.map((code) => `${code}.md`).sort())
    for (const code of codes) {
      expect(readFileSync(new URL(`errors/${code}.md`, pages), 'utf8')).toContain(errorPageText(code))
    }
  })
})

test('advice names only commands, variables and pages that there are', () => {
  const text = codes.map(errorPageText).join('\n')
  const files = [...text.matchAll(/docs\/([\w/-]+\.md)/g)].map((match) => match[1] ?? '')
  expect(files.length).toBeGreaterThan(0)
  for (const file of files)
    expect(() => readFileSync(new URL(`../../../../docs/${file}`, import.meta.url))).not.toThrow()
  const sources = [
    ...readdirSync(new URL('../../../../cli/usage/', import.meta.url)).map((name) => `cli/usage/${name}`),
    ...readdirSync(new URL('../../../../process/', import.meta.url)).map((name) => `process/${name}`),
    'cli/local/backup.ts',
    'cli/client.ts',
    'cli/command.ts',
  ]
    .map((path) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8'))
    .join('\n')
  const unknown = [...text.matchAll(/\bETL_[A-Z_]+\b|`etl [a-z][a-z-]*/g)]
    .map(([found]) => found.replace('`etl ', ''))
    .filter((name) => !new RegExp(`['"\`. ]${name}\\b`).test(sources))
  expect([...new Set(unknown)]).toEqual([])
})
