import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { AGGREGATES, ORDER_SENSITIVE, SCALARS, WINDOW_FUNCTIONS } from '../../../duckdb/allowed-functions.js'
import { openSession } from '../../../duckdb/open-session.js'

/** DuckDB's own catalogue: name, kind and stability of every function. */
async function catalogue(): Promise<{ name: string; type: string; stability: string | null; body: string | null }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-functions-'))
  const session = await openSession({ folder, memoryLimitBytes: 64 * 1024 * 1024, threads: 1 })
  const rows = await session.rows(
    'SELECT DISTINCT lower(function_name), function_type, stability, macro_definition FROM duckdb_functions()',
  )
  session.close()
  await rm(folder, { recursive: true, force: true })
  return rows.map(([name, type, stability, body]) => ({
    name: String(name),
    type: String(type),
    stability: stability as string | null,
    body: body as string | null,
  }))
}

test('every allowed function exists, and DuckDB itself calls each of its forms consistent', async () => {
  const known = await catalogue()
  for (const name of [...SCALARS, ...AGGREGATES, ...WINDOW_FUNCTIONS]) {
    const forms = known.filter((entry) => entry.name === name && entry.type !== 'table' && entry.type !== 'table_macro')
    expect([name, forms.length > 0]).toEqual([name, true])
    for (const form of forms)
      expect([name, form.stability ?? 'MACRO']).toEqual([name, form.type === 'macro' ? 'MACRO' : 'CONSISTENT'])
  }
})

test('what an allowed macro stands for calls nothing that is refused', async () => {
  const known = await catalogue()
  const allowed = (name: string) => SCALARS.has(name) || AGGREGATES.has(name)
  for (const { name, body } of known.filter((entry) => entry.type === 'macro' && allowed(entry.name))) {
    const calls = [...(body ?? '').matchAll(/"?(\w+)"?\(/g)].map((match) => match[1]!.toLowerCase())
    const refused = calls.filter(
      (call) =>
        !allowed(call) && !['bit', 'coalesce', 'cast'].includes(call) && known.some((entry) => entry.name === call),
    )
    expect([name, refused]).toEqual([name, []])
  }
})

test('aggregates are not among the scalars, and order matters only to aggregates', async () => {
  const aggregates = new Set(
    (await catalogue()).filter((entry) => entry.type === 'aggregate').map((entry) => entry.name),
  )
  expect([...SCALARS].filter((name) => aggregates.has(name))).toEqual([])
  expect([...ORDER_SENSITIVE].filter((name) => !AGGREGATES.has(name))).toEqual([])
})
