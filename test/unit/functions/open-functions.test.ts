import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { JobError } from '../../../core/errors/job-error.js'
import { functionsBelow } from '../../../functions/open-functions.js'
import type {
  FunctionAnswer,
  FunctionBatch,
  FunctionProcess,
  FunctionReference,
  ResultColumn,
} from '../../../functions/spi.js'

const MODULES = {
  'package.json': '{ "type": "module" }',
  'same.js': 'export default (records) => records\nexport const double = (records) => [...records, ...records]\n',
  'clean/prices.mjs': 'export const cents = (records) => records\nexport const limit = 5\n',
  'broken.js': 'export default (records => records\n',
  'typed.ts': 'export default (records: object[]): object[] => records\n',
  'given.js': 'export default (records, { config, at }) => records.map(() => ({ text: `${config.sign} ${at}` }))\n',
  'around.js': `import { readFileSync } from 'node:fs'
import { execSync } from 'node:child_process'
const attempt = (work) => { try { return String(work()) } catch (error) { return error.code } }
export default () => [
  { text: Object.keys(process.env).filter((name) => !['PATH', 'LANG', 'LC_ALL', 'NODE_ENV', 'TZ', 'PWD'].includes(name)).join() },
  { text: attempt(() => readFileSync('/proc/' + process.ppid + '/environ', 'utf8').length) },
  { text: attempt(() => readFileSync(new URL('./given.js', import.meta.url), 'utf8').length > 0) },
  { text: attempt(() => execSync('true')) },
]`,
  'deadly.js': `export default async (records, { config }) => {
  for (const { n } of records) {
    if (n === config.exits) process.exit(3)
    if (n === config.loops) for (;;);
    if (n === config.grows) { const all = []; for (;;) all.push(new Array(1000).fill(n)) }
    if (n === config.buffers) { const all = []; for (;;) all.push(Buffer.alloc(16e6, 1)) }
    if (n === config.late) await new Promise((resolve, reject) => setTimeout(() => reject(new Error('late')), 5))
    if (n === config.apart) { setTimeout(() => { throw new Error('apart') }, 5); await new Promise(() => {}) }
  }
  return records
}`,
}

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'etl-functions-'))
  path = join(folder, 'functions')
  mkdirSync(join(path, 'clean'), { recursive: true })
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(path, name), text)
  writeFileSync(join(folder, 'secret.js'), 'export default () => []')
  symlinkSync(join(folder, 'secret.js'), join(path, 'link.js'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const reference = (module: string, more: Partial<FunctionReference> = {}): FunctionReference => ({
  module,
  export: 'default',
  config: null,
  ...more,
})

const memoryBytes = 64 * 1024 ** 2

async function problemOf(module: string, name = 'default') {
  const check = functionsBelow(path, 'NOWHERE').check(reference(module, { export: name }), new AbortController().signal)
  const { code, message, hint, pointer } = await check.then(
    () => ({ code: 'none', message: '', hint: '', pointer: '' }),
    (error: JobError) => error,
  )
  return { code, message, hint, pointer }
}

const text: ResultColumn = { name: 'text', type: 'VARCHAR', kind: 'TEXT' }
const n: ResultColumn = { name: 'n', type: 'BIGINT', kind: 'LONG' }

const batchOf = (rows: readonly (readonly unknown[])[], more: Partial<FunctionBatch> = {}): FunctionBatch => ({
  names: ['n'],
  rows,
  results: [n],
  at: '2026-01-02T03:04:05.000Z',
  timeoutMs: 20_000,
  ...more,
})

async function callOnce(of: FunctionReference, batch: FunctionBatch): Promise<FunctionAnswer> {
  const opened = functionsBelow(path, 'NOWHERE', memoryBytes).open(of)
  try {
    return await opened.call(batch)
  } finally {
    await opened.end()
  }
}

describe('a function is found by its name below the function path', () => {
  test('with or without its extension, in folders, by the name of its export', async () => {
    for (const [module, name] of [['same'], ['same.js'], ['same', 'double'], ['clean/prices', 'cents']] as const)
      expect(await problemOf(module, name)).toMatchObject({ code: 'none' })
  })

  test.each([
    ['sane', 'default', '/module', 'There is no module `sane` below the function path.', 'Did you mean `same`?'],
    ['prices', 'cents', '/module', 'There is no module `prices` below the function path.', expect.anything()],
    ['same', 'doubel', '/export', '`same` exports no function `doubel`.', 'Did you mean `double`?'],
    ['clean/prices', 'limit', '/export', '`clean/prices` exports no function `limit`.', 'It exports: cents.'],
    ['../secret', 'default', '/module', 'There is no module `../secret` below the function path.', expect.anything()],
    ['link', 'default', '/module', 'There is no module `link` below the function path.', expect.anything()],
  ])('%s %s is refused', async (module, name, pointer, message, hint) => {
    expect(await problemOf(module, name)).toEqual({ code: 'config.invalid', pointer, message, hint })
  })

  test('one that cannot be loaded says why', async () => {
    const { pointer, message } = await problemOf('broken')
    expect(pointer).toBe('/module')
    expect(message).toMatch(/^The module `broken` cannot be loaded: Unexpected/)
  })

  test('TypeScript runs where Node runs it, and is refused with a reason elsewhere', async () => {
    const runs = Boolean((process.features as { typescript?: unknown }).typescript)
    const { code, hint } = await problemOf('typed')
    expect([code, hint?.includes('22.18')]).toEqual(runs ? ['none', false] : ['config.invalid', true])
  })

  test('none is found without a path', async () => {
    const checked = functionsBelow(null, 'NOWHERE').check(reference('same'), new AbortController().signal)
    await expect(checked).rejects.toMatchObject({ code: 'config.invalid', pointer: '/module' })
  })
})

describe('what a function is given', () => {
  test('its config and the time of the plan', async () => {
    const answer = await callOnce(reference('given', { config: { sign: '#' } }), batchOf([[1n]], { results: [text] }))
    expect(answer).toEqual({ kind: 'RESULT', records: 1, columns: [['# 2026-01-02T03:04:05.000Z']] })
  })

  test('no environment but a few harmless names, no file but its own, no other process', async () => {
    const answer = await callOnce(reference('around'), batchOf([[1n]], { results: [text] }))
    const columns = [['', 'ERR_ACCESS_DENIED', 'true', 'ERR_ACCESS_DENIED']]
    expect(answer).toEqual({ kind: 'RESULT', records: 4, columns })
  })
})

describe('what a function gives', () => {
  let same: FunctionProcess
  beforeAll(() => {
    same = functionsBelow(path, 'NOWHERE').open(reference('same'))
  })
  afterAll(() => same.end())

  const give = async (value: unknown, column: Omit<ResultColumn, 'name'>) => {
    const answer = await same.call(batchOf([[value]], { names: ['v'], results: [{ name: 'v', ...column }] }))
    return answer.kind === 'RESULT' ? answer.columns[0]![0] : answer.message
  }

  test.each([
    [true, { type: 'BOOLEAN', kind: 'BOOLEAN' }, true],
    [9_007_199_254_740_993n, { type: 'BIGINT', kind: 'LONG' }, 9_007_199_254_740_993n],
    [7, { type: 'BIGINT', kind: 'LONG' }, 7],
    [2n ** 100n, { type: 'HUGEINT', kind: 'HUGE' }, String(2n ** 100n)],
    ['1.10', { type: 'DECIMAL(18,2)', kind: 'DECIMAL' }, '1.10'],
    [new Date(0), { type: 'TIMESTAMP', kind: 'TIME' }, '1970-01-01T00:00:00.000Z'],
    [undefined, { type: 'VARCHAR', kind: 'TEXT' }, null],
    [[1n, null, 'a"b'], { type: 'VARCHAR[]', kind: 'LIST' }, '[1,null,"a\\"b"]'],
    [
      { a: 2n ** 60n, b: new Uint8Array([1, 255]) },
      { type: 'STRUCT', kind: 'OBJECT' },
      `{"a":${2n ** 60n},"b":"\\\\x01\\\\xFF"}`,
    ],
    [[['k', 1]], { type: 'MAP', kind: 'MAP' }, '{"k":1}'],
  ] as const)('%p goes over exactly', async (value, column, written) => {
    expect(await give(value, column)).toEqual(written)
  })

  test.each([
    [
      '7',
      { type: 'BIGINT', kind: 'LONG' },
      "It gives '7' for the column `v`; BIGINT takes a bigint, or a whole number that is exact.",
    ],
    [2n ** 63n, { type: 'BIGINT', kind: 'LONG' }, `It gives bigint ${2n ** 63n} for the column`],
    [2 ** 60, { type: 'BIGINT', kind: 'LONG' }, `It gives number ${2 ** 60} for the column`],
    [0.5, { type: 'INTEGER', kind: 'LONG' }, 'It gives number 0.5 for the column'],
    [5, { type: 'VARCHAR', kind: 'TEXT' }, 'It gives number 5 for the column `v`; VARCHAR takes text.'],
    [new Date(Number.NaN), { type: 'DATE', kind: 'TIME' }, 'It gives a Date for the column'],
    [[1], { type: 'STRUCT(a INTEGER)', kind: 'OBJECT' }, 'It gives a list for the column'],
  ] as const)('%p is told of', async (value, column, message) => {
    expect(await give(value, column)).toContain(message)
  })

  test('a column that was not declared is told of', async () => {
    const answer = await callOnce(reference('same'), batchOf([[1n, 2n]], { names: ['n', 'm'] }))
    expect(answer).toEqual({ kind: 'FAILED', message: 'It gives a column `m`, which `columns` does not name.' })
  })
})

describe('a function that fails', () => {
  const failing = (config: object) => callOnce(reference('deadly', { config }), batchOf([[1n], [2n]]))

  test.each([
    [{ exits: 1n }, 'The function ended its process (exit code 3).'],
    [{ late: 2n }, 'late'],
    [{ apart: 2n }, 'apart'],
    [{ grows: 2n }, 'The function ran out of memory (its limit is 64 MiB).'],
    [{ buffers: 2n }, 'Array buffer allocation failed'],
  ])('%p is told of, and the process is not lost for good', async (config, message) => {
    if ('buffers' in config && process.platform !== 'linux') return
    expect(await failing(config)).toEqual({ kind: 'FAILED', message })
    const opened = functionsBelow(path, 'NOWHERE', memoryBytes).open(reference('deadly', { config }))
    await opened.call(batchOf([[1n], [2n]]))
    expect(await opened.call(batchOf([[3n]]))).toMatchObject({ kind: 'RESULT', records: 1 })
    await opened.end()
  })

  test('an endless loop ends with its timeout', async () => {
    const called = callOnce(reference('deadly', { config: { loops: 1n } }), batchOf([[1n]], { timeoutMs: 300 }))
    await expect(called).rejects.toMatchObject({ code: 'function.timeout' })
  })

  test('an endless loop ends within a second of an interrupt', async () => {
    const opened = functionsBelow(path, 'NOWHERE').open(reference('deadly', { config: { loops: 2n } }))
    await opened.call(batchOf([[1n]]))
    const called = opened.call(batchOf([[2n]]))
    const started = performance.now()
    opened.interrupt()
    await expect(called).rejects.toMatchObject({ code: 'cancelled' })
    await opened.end()
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
