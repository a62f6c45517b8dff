/** Specs that try to reach what a job may not: files, settings, the network, other statements, other folders. */
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { localParts } from '../../cli/local/parts.js'
import { compileJob } from '../../engine/compile-job.js'
import type { EngineParts } from '../../engine/engine.js'
import { inPlace, operator, source, target } from './run-etl.js'

/** What DuckDB would do, and a user must not. */
const HOSTILE = [
  "read_text('/etc/passwd')", "(SELECT content FROM read_text('/etc/passwd'))", "(FROM read_csv('/etc/passwd'))",
  "(SELECT 1 FROM '/etc/passwd')", '(TABLE duckdb_settings)', '(SELECT * FROM duckdb_secrets())', '(SELECT * FROM information_schema.tables)',
  "(SELECT * FROM query('SELECT 1'))", "query('SELECT 1')", "json_execute_serialized_sql('x')", "(SELECT * FROM glob('/*'))",
  "getenv('HOME')", "GETENV('HOME')", "\"getenv\"('HOME')", "main.getenv('HOME')", "system.main.getenv('HOME')", "'HOME'.getenv()",
  "('HOME').getenv()", "TRY(getenv('HOME'))", "CASE WHEN true THEN getenv('HOME') END", "{'a': getenv('HOME')}", "[getenv('HOME')]",
  "[getenv(x) FOR x IN ['HOME']]", "map {'a': getenv('HOME')}", "list_transform(['HOME'], lambda x: getenv(x))", "getenv('HOME')::INT",
  "CAST(getenv('HOME') AS INT)", "getenv('HOME')[1]", "(getenv('HOME')).a", "sum(id) FILTER (WHERE getenv('HOME') = 'x')",
  "string_agg(name, getenv('HOME'))", "sum(id) OVER (ORDER BY getenv('HOME'))", "name COLLATE NOCASE || getenv('HOME')",
  "list_aggregate([1], 'reservoir_quantile')", 'list_aggregate([1], name)', "current_setting('temp_directory')", 'version()', 'current_database()',
  "which_secret('x', 's3')", "getvariable('x')", 'random()', 'uuid()', 'gen_random_uuid()', "nextval('s')", 'setseed(0.5)', 'hash(id) + random()',
  'txid_current()', "write_log('x')", "enum_range(NULL::x)", 'rowid', '$1', '?', '#1', "1); COPY (SELECT 1) TO 'pwned'; --", '1; DROP TABLE x',
  '1)) AS x, (SELECT 1', 'id; SELECT 1', '1)\n--', 'true) OR (true', 'id AS x FROM t', "ATTACH 'x'", 'PRAGMA version', '(INSERT INTO x VALUES (1))',
  '', ' ', ';', ')', '((((', '\0', '1 /* x', "'", '"',
] // biome-ignore format: one line says enough

const nodesOf: Readonly<Record<string, (sql: string) => unknown[]>> = {
  where: (where) => [source('in.csv'), operator('FILTER', { where }), target('op')],
  set: (x) => [source('in.csv'), operator('MAP', { set: { x } }), target('op')],
  select: (x) => [source('in.csv'), operator('MAP', { select: { x } }), target('op')],
  on: (on) => [
    source('in.csv'),
    { ...source('in.csv'), id: 'other' },
    { id: 'op', operator: 'JOIN', inputs: { left: 'in', right: 'other' }, config: { on, select: { x: 'left.id' } } },
    target('op'),
  ],
  groupBy: (by) => [
    source('in.csv'),
    operator('AGGREGATE', { groupBy: [by], aggregates: { n: 'count(*)' } }),
    target('op'),
  ],
  aggregates: (n) => [source('in.csv'), operator('AGGREGATE', { groupBy: ['id'], aggregates: { n } }), target('op')],
  unnest: (unnest) => [source('in.csv'), operator('FLATMAP', { unnest, as: 'x' }), target('op')],
  orderBy: (orderBy) => [source('in.csv'), operator('DEDUPLICATE', { key: ['id'], orderBy: [orderBy] }), target('op')],
  key: (key) => [source('in.csv'), operator('DEDUPLICATE', { key: [key] }), target('op')],
  by: (column) => [source('in.csv'), operator('SORT', { by: [{ column }] }), target('op')],
  query: (sql) => [source('in.csv'), operator('SQL', { query: `SELECT ${sql} AS x FROM input` }), target('op')],
  cast: (type) => [source('in.csv'), operator('MAP', { cast: { id: type } }), target('op')],
  columns: (type) => [source('in.csv', { columns: { id: type } }), target()],
}

/** A type is a word: what is no type is refused, and what is one is only that. */
const harmless = new Set(['columns uuid()'])

describe('user SQL', () => {
  let parts: EngineParts
  let before: string
  beforeAll(() => {
    before = process.cwd()
    process.chdir(execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim())
    execFileSync('sh', ['-c', "printf 'id,amount,name\\n1,10,a\\n' > in.csv"])
    parts = localParts()
  })
  afterAll(() => {
    const folder = process.cwd()
    process.chdir(before)
    execFileSync('rm', ['-rf', folder])
  })

  test.each(Object.keys(nodesOf))(
    'reaches nothing through `%s`',
    async (field) => {
      for (const sql of HOSTILE) {
        if (harmless.has(`${field} ${sql}`)) continue
        const compiled = await compileJob({ name: 'j', nodes: nodesOf[field]!(sql) }, parts)
        expect([sql, compiled.ok]).toEqual([sql, false])
        if (compiled.ok) continue
        for (const { code, message } of compiled.problems) {
          expect(code).not.toBe('internal')
          expect(message).not.toMatch(/LINE \d|json_serialize|\/session-/)
        }
      }
      expect(await readdir('.')).toEqual(['in.csv'])
    },
    60_000,
  )

  test.each([
    ['expression of an edge', { type: 'SHUFFLE', partition: 'CUSTOM', expression: "length(getenv('HOME'))" }],
    ['expression of an edge', { type: 'SHUFFLE', partition: 'CUSTOM', expression: '1); DROP TABLE x; --' }],
    ['key of an edge', { type: 'SHUFFLE', partition: 'HASH', key: ["getenv('HOME')"] }],
  ])('reaches nothing through the %s', async (_, edge) => {
    const nodes = [source('in.csv'), { ...operator('FILTER', { where: 'true' }), input: undefined }, target('op')]
    const compiled = await compileJob({ name: 'j', nodes, edges: [{ from: 'in', to: 'op', ...edge }] }, parts)
    expect(compiled.ok).toBe(false)
  })
})

describe('file paths', () => {
  const compile = async (folder: string, path: string, side: 'source' | 'sink', parameters = {}) => {
    const parts = { ...localParts(), files: { fileRoots: [`${folder}/root`], base: `${folder}/root` } }
    const nodes =
      side === 'source'
        ? [source(path, { format: 'csv' }), target('in', { path: 'fine' })]
        : [source('in.csv'), target('in', { path })]
    return await compileJob({ name: 'j', nodes, parameters }, parts)
  }

  test('stay below the roots, however they are written', async () => {
    await inPlace(async (place) => {
      await mkdir(place.path('root/below'), { recursive: true })
      await mkdir(place.path('root-beside'))
      for (const name of ['root/in.csv', 'root/below/in.csv', 'outside.csv', 'root-beside/in.csv'])
        await place.put(name, 'id\n1\n')
      await symlink(place.path('outside.csv'), place.path('root/link.csv'))
      await symlink(place.folder, place.path('root/folder'))
      await symlink(place.path('nosuch'), place.path('root/dangling'))
      const { folder } = place
      const escapes = [
        '../outside.csv', 'below/../../outside.csv', './../outside.csv', `${folder}/outside.csv`, '/etc/passwd', 'link.csv',
        'folder/outside.csv', `file://${folder}/outside.csv`, `file:///etc/passwd`, `file://${folder}/root/%2e%2e/outside.csv`,
        '../*.csv', '*/../../*.csv', '{..,x}/outside.csv', 'link*.csv', 'fol*/outside.csv', '**/../../outside.csv', `${folder}/root-beside/in.csv`,
        '../root-beside/in.csv', '[.][.]/outside.csv', '?older/outside.csv', '~/outside.csv', '/proc/self/environ', '/dev/zero', 's3://bucket/x.csv', 'http://localhost/x.csv',
      ] // biome-ignore format: one line says enough
      for (const path of escapes) {
        const compiled = await compile(folder, path, 'source')
        expect([path, compiled.ok]).toEqual([path, false])
        if (compiled.ok) continue
        expect([path, compiled.problems[0]]).toEqual([
          path,
          expect.objectContaining({ code: expect.stringMatching(/config.invalid|source.missing/) }),
        ])
        expect(JSON.stringify(compiled.problems)).not.toContain('root:x:0')
      }
      for (const path of [
        '../out',
        '/tmp/out',
        'folder/out',
        `file://${folder}/out`,
        'below/../../out',
        'dangling',
        'dangling/out',
      ])
        expect([path, (await compile(folder, path, 'sink')).ok]).toEqual([path, false])
      for (const path of [
        'in.csv',
        './in.csv',
        'below/../in.csv',
        [folder, 'root', 'in.csv'].join('/'),
        ['file:/', ...folder.split('/'), 'root', 'in.csv'].join('/'),
        '*.csv',
        '**/in.csv',
      ])
        if (!path.includes('*')) expect([path, (await compile(folder, path, 'source')).ok]).toEqual([path, true])
      const declared = { p: { type: 'STRING', default: '../outside' } }
      expect((await compile(folder, '${p}.csv', 'source', declared)).ok).toBe(false)
      expect((await compile(folder, '${p}', 'sink', declared)).ok).toBe(false)
    })
  }, 60_000)
})
