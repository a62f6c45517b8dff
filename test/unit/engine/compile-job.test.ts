import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { connectors } from '../../../connectors/index.js'
import { type Connector, defineConnector } from '../../../connectors/spi.js'
import { foreignSql, secret } from '../../../core/config/schema.js'
import { JobError } from '../../../core/errors/job-error.js'
import { type CompileOptions, compileJob } from '../../../engine/compile-job.js'
import type { EngineParts } from '../../../engine/engine.js'
import { resolveConfig } from '../../../engine/resolve-config.js'
import { functionsBelow } from '../../../functions/open-functions.js'
import { operators } from '../../../operators/index.js'
import { openStore } from '../../../storage/open-store.js'

/** A target that promises little, behind a connection. */
const postbox = defineConnector({
  name: 'postbox',
  summary: 'Takes letters.',
  connection: {
    config: z.strictObject({ url: z.string(), token: secret('Lets in.').optional() }),
    check: async () => 'fine',
  },
  sink: {
    config: z.strictObject({
      connection: z.unknown(),
      box: z.string(),
      only: foreignSql('A condition there.').optional(),
    }),
    guarantees: { exactlyOnce: false, upsert: false, parallel: false },
    open: (config) => ({
      check: async (input) =>
        input.some((column) => column.name === 'letter')
          ? []
          : [
              {
                pointer: '/box',
                nodeId: null,
                code: 'schema.mismatch',
                message: `Box ${config.box} lacks letters.`,
                hint: null,
              },
            ],
      prepare: async () => undefined,
      open: async () => {
        throw new Error('not opened here')
      },
      finish: async () => undefined,
    }),
  },
})

let folder: string
let parts: EngineParts

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-compile-'))
  await writeFile(join(folder, 'flights.csv'), 'date,delay,origin\n2001-01-01,20,JFK\n2001-01-02,5,LAX\n')
  await writeFile(join(folder, 'airports.csv'), 'iata,state\nJFK,NY\nLAX,CA\n')
  parts = {
    connectors: [...connectors, postbox as Connector],
    operators,
    functions: functionsBelow(join(folder, 'functions'), 'NOWHERE'),
    store: openStore(pathToFileURL(join(folder, 'store')).href),
    connection: async (name) => {
      if (name === 'mail') return { url: 'mail://here', token: '${secret:MAIL}' }
      throw new JobError('not.found', `There is no connection ${name}.`, { hint: 'Did you mean `mail`?' })
    },
    secret: async (name) => {
      if (name === 'MAIL') return 'sesame'
      throw new JobError('not.found', `There is no secret ${name}.`)
    },
    environment: { ETL_VAR_BOX: 'blue' },
    files: { fileRoots: null, base: folder },
    scratch: join(folder, 'scratch'),
    memoryLimitBytes: 256 * 1024 ** 2,
    threads: 1,
  }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const flights = { id: 'flights', source: 'file', config: { path: 'flights.csv' } }
const airports = { id: 'airports', source: 'file', config: { path: 'airports.csv' } }
const sink = (input: string, id = 'out') => ({ id, sink: 'file', input, config: { path: 'out', format: 'csv' } })
const filter = (where: string, id = 'late', input = 'flights') => ({ id, operator: 'FILTER', input, config: { where } })

const compile = (nodes: readonly unknown[], changes: Record<string, unknown> = {}, options?: CompileOptions) =>
  compileJob({ name: 'job', nodes, ...changes }, parts, options)
async function problems(nodes: readonly unknown[], changes: Record<string, unknown> = {}) {
  const compiled = await compile(nodes, changes)
  return compiled.ok
    ? []
    : compiled.problems.map(({ pointer, nodeId, code, message, hint }) => ({ pointer, nodeId, code, message, hint }))
}

describe('compiling a job', () => {
  it('derives the columns of every node, and builds chains and phases', async () => {
    const named = {
      id: 'named',
      operator: 'JOIN',
      inputs: { left: 'late', right: 'airports' },
      config: { type: 'LEFT', on: 'left.origin = right.iata', select: { '*': 'left.*', state: 'right.state' } },
    }
    const nodes = [flights, airports, filter('delay > 15 AND date >= ${day}'), named, sink('named')]
    const compiled = await compile(nodes, { parameters: { day: { type: 'DATE', default: '2001-01-01' } } })
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const { graph, settings } = compiled
    expect(graph.stream.nodes.find((node) => node.id === 'out')!.schema).toEqual([
      { name: 'date', type: 'DATE' },
      { name: 'delay', type: 'BIGINT' },
      { name: 'origin', type: 'VARCHAR' },
      { name: 'state', type: 'VARCHAR' },
    ])
    expect(graph.vertices.map((vertex) => vertex.name)).toEqual(['flights→late→named→out', 'airports'])
    expect(graph.phases.map((phase) => phase.stages)).toEqual([[['airports']], [['flights']]])
    expect(graph.stream.nodes[2]!.config).toEqual({ where: 'delay > 15 AND date >= ${day}' })
    expect(settings.parameters.day!.default).toBe('2001-01-01')
  })

  it('keeps the columns that it has found in the config of the source', async () => {
    const compiled = await compile([flights, sink('flights')])
    const config = compiled.ok ? compiled.graph.stream.nodes[0]!.config : null
    expect(config).toEqual({ path: 'flights.csv', columns: { date: 'DATE', delay: 'BIGINT', origin: 'VARCHAR' } })
  })

  it('tells problems of shape, meaning and types together', async () => {
    const nodes = [flights, filter('dellay > 15'), { ...sink('late'), confg: {} }, sink('lat', 'other')]
    expect(await problems(nodes, { priorty: 1 })).toEqual([
      {
        pointer: '/nodes/1/config/where',
        nodeId: 'late',
        code: 'sql.invalid',
        message: expect.stringContaining('Referenced column "dellay" not found'),
        hint: 'Did you mean `delay`?',
      },
      {
        pointer: '/nodes/2/confg',
        nodeId: 'out',
        code: 'spec.invalid',
        message: 'There is no setting `confg` here.',
        hint: 'Did you mean `config`?',
      },
      {
        pointer: '/nodes/3/input',
        nodeId: 'other',
        code: 'spec.invalid',
        message: 'There is no node `lat`.',
        hint: 'Did you mean `late`?',
      },
      {
        pointer: '/priorty',
        nodeId: null,
        code: 'spec.invalid',
        message: 'There is no setting `priorty` here.',
        hint: 'Did you mean `priority`?',
      },
    ])
  })

  it('finds every expression of an operator that does not fit', async () => {
    const config = { set: { a: 'dellay + 1', b: 'orign', c: 'delay + 1' } }
    const found = await problems([flights, { id: 'm', operator: 'MAP', input: 'flights', config }, sink('m')])
    expect(found.map(({ pointer, hint }) => [pointer, hint])).toEqual([
      ['/nodes/1/config/set/a', 'Did you mean `delay`?'],
      ['/nodes/1/config/set/b', 'Did you mean `origin`?'],
    ])
  })

  it('points at columns that are named outside of expressions', async () => {
    const config = { drop: ['orign'] }
    const found = await problems([flights, { id: 'm', operator: 'MAP', input: 'flights', config }, sink('m')])
    expect(found).toMatchObject([{ pointer: '/nodes/1/config/drop/0', hint: 'Did you mean `origin`?' }])
  })

  it('lets a query name its inputs by their nodes, and the first as `input`', async () => {
    const query = (text: string) =>
      problems([
        flights,
        airports,
        { id: 'q', operator: 'SQL', inputs: ['flights', 'airports'], config: { query: text } },
        sink('q'),
      ])
    expect(await query('SELECT f.delay, a.state FROM flights f JOIN airports a ON f.origin = a.iata')).toEqual([])
    expect(await query('SELECT f.delay, a.state FROM input f JOIN airports a ON f.origin = a.iata')).toEqual([])
    expect(await query('SELECT * FROM flihgts')).toMatchObject([
      { pointer: '/nodes/2/config/query', hint: 'Did you mean `flights`?' },
    ])
  })

  it('refuses a condition that is not BOOLEAN', async () => {
    expect(await problems([flights, filter('delay'), sink('late')])).toMatchObject([
      {
        pointer: '/nodes/1/config/where',
        code: 'sql.invalid',
        message: 'A condition must be BOOLEAN, and this is BIGINT.',
      },
    ])
  })

  it('does not tell again what follows from the failure of an input, but does check the config', async () => {
    const nodes = [
      flights,
      filter('dellay > 1'),
      { ...filter('x', 'next', 'late'), config: { wher: 'x' } },
      sink('next'),
    ]
    expect((await problems(nodes)).map(({ pointer }) => pointer)).toEqual([
      '/nodes/1/config/where',
      '/nodes/2/config/wher',
      '/nodes/2/config/where',
    ])
  })

  it('names the file that is missing, and why where a parameter has no value yet', async () => {
    const missing = { ...flights, config: { path: 'fights.csv' } }
    expect(await problems([missing, sink('flights')])).toMatchObject([
      { pointer: '/nodes/0/config/path', nodeId: 'flights', code: 'source.missing' },
    ])
    const daily = { ...flights, config: { path: '${name}.csv' } }
    const parameters = { name: { type: 'STRING' } }
    const [found] = await problems([daily, sink('flights')], { parameters })
    expect(found!.hint).toBe('${name} has no value yet: declare `columns`, or give the parameter a default.')
    const compiled = await compile([daily, sink('flights')], { parameters }, { parameters: { name: 'flights' } })
    expect(compiled.ok).toBe(true)
  })

  it('refuses EXACTLY_ONCE where the sink cannot promise it', async () => {
    const letters = { id: 'm', operator: 'MAP', input: 'flights', config: { set: { letter: 'origin' } } }
    const target = { id: 'p', sink: 'postbox', input: 'm', config: { connection: 'mail', box: '${env:ETL_VAR_BOX}' } }
    expect(await problems([flights, letters, target])).toMatchObject([
      { pointer: '/nodes/2/sink', code: 'sink.unsupported', hint: expect.stringContaining('AT_LEAST_ONCE') },
    ])
    expect(await problems([flights, letters, target], { delivery: 'AT_LEAST_ONCE' })).toEqual([])
  })

  it('asks a sink what it thinks of the columns, with what its config resolves to', async () => {
    const target = {
      id: 'p',
      sink: 'postbox',
      input: 'flights',
      config: { connection: 'mail', box: '${env:ETL_VAR_BOX}' },
    }
    expect(await problems([flights, target], { delivery: 'AT_LEAST_ONCE' })).toMatchObject([
      { pointer: '/nodes/1/config/box', nodeId: 'p', code: 'schema.mismatch', message: 'Box blue lacks letters.' },
    ])
  })

  it('looks up connections by name, and checks those given in place', async () => {
    const found = async (connection: unknown) =>
      (
        await problems([flights, { id: 'p', sink: 'postbox', input: 'flights', config: { connection, box: 'b' } }], {
          delivery: 'AT_LEAST_ONCE',
        })
      ).map(({ pointer, message }) => [pointer, message])
    expect(await found('mial')).toEqual([['/nodes/1/config/connection', 'There is no connection mial.']])
    expect(await found({ url: 'mail://x', tokn: 't' })).toEqual([
      ['/nodes/1/config/connection/tokn', 'There is no setting `tokn` here.'],
    ])
    expect(await found({ url: 'mail://x', token: '${secret:NONE}' })).toEqual([
      ['/nodes/1/config/connection/token', 'There is no secret NONE.'],
    ])
  })

  it('refuses a column whose name means the place of a record, wherever it comes from', async () => {
    await writeFile(join(folder, 'rowid.csv'), 'ROWID,origin\n7,JFK\n')
    const numbered = { id: 'numbered', source: 'file', config: { path: 'rowid.csv' } }
    const message = 'A column cannot have the name `ROWID`: it means the place of a record.'
    expect(await problems([numbered, sink('numbered')])).toMatchObject([
      { pointer: '/nodes/0/config', nodeId: 'numbered', code: 'schema.mismatch', message },
    ])
    const without = { ...numbered, config: { path: 'rowid.csv', columns: { origin: 'VARCHAR' } } }
    expect(await problems([without, sink('numbered')])).toEqual([])
    const made = { id: 'made', operator: 'MAP', input: 'flights', config: { set: { rowid: 'delay' } } }
    expect(await problems([flights, made, sink('made')])).toMatchObject([
      { pointer: '/nodes/1/config', nodeId: 'made' },
    ])
  })

  it('gives every node the subtasks that it asks for, and one where all records must meet', async () => {
    const sorted = {
      id: 'sorted',
      operator: 'SORT',
      input: 'flights',
      parallelism: 3,
      config: { by: [{ column: 'origin' }] },
    }
    const compiled = await compile([flights, sorted, { ...sink('sorted'), parallelism: 4 }], { parallelism: 2 })
    expect(compiled).toMatchObject({
      ok: true,
      warnings: [{ pointer: '/nodes/1/parallelism', nodeId: 'sorted', code: 'parallelism.one' }],
    })
    expect(compiled.ok && compiled.graph.vertices.map((vertex) => vertex.parallelism)).toEqual([2, 1, 4])
  })

  it('says where an edge is not as it is spelled', async () => {
    const counted = {
      id: 'counted',
      operator: 'AGGREGATE',
      config: { groupBy: ['origin'], aggregates: { c: 'count(*)' } },
    }
    const out = { id: 'out', sink: 'file', config: { path: 'out', format: 'csv' } }
    const toOut = { from: 'counted', to: 'out', type: 'FORWARD' }
    const edges = (way: object) => [{ from: 'flights', to: 'counted', ...way }, toOut]
    const warnings = async (way: object) => {
      const compiled = await compile([flights, counted, out], { parallelism: 2, edges: edges(way) })
      return compiled.ok ? compiled.warnings : compiled.problems
    }
    const replaced = { pointer: '/edges/0', nodeId: 'counted', code: 'edge.replaced' }
    expect(await warnings({ type: 'SHUFFLE', partition: 'ROUND_ROBIN' })).toMatchObject([replaced])
    expect(await warnings({ type: 'FORWARD' })).toMatchObject([replaced])
    expect(await warnings({ type: 'SHUFFLE', partition: 'HASH', key: ['delay'] })).toMatchObject([replaced])
    expect(await warnings({ type: 'SHUFFLE', partition: 'HASH', key: ['ORIGIN'] })).toEqual([])
    expect(await warnings({ type: 'SHUFFLE' })).toEqual([])
  })

  it('checks the column of event time and the key of an edge', async () => {
    const late = { ...flights, watermark: { time: 'origin' } }
    const edges = [{ from: 'flights', to: 'out', type: 'SHUFFLE', partition: 'HASH', key: ['orign'] }]
    expect(await problems([late, sink('flights')], { edges })).toMatchObject([
      { pointer: '/edges/0/key/0', hint: 'Did you mean `origin`?' },
      { pointer: '/nodes/0/watermark/time', message: 'Event time must be a TIMESTAMP, and `origin` is VARCHAR.' },
    ])
  })

  it('checks the expression of an edge that is partitioned by one', async () => {
    const custom = (expression: string) =>
      problems([flights, sink('flights')], {
        edges: [{ from: 'flights', to: 'out', type: 'SHUFFLE', partition: 'CUSTOM', expression }],
      })
    expect(await custom('delay % 2')).toEqual([])
    expect(await custom('dellay % 2')).toMatchObject([
      { pointer: '/edges/0/expression', hint: 'Did you mean `delay`?' },
    ])
    expect(await custom('origin')).toMatchObject([{ pointer: '/edges/0/expression', code: 'sql.invalid' }])
    expect(await custom('random()')).toMatchObject([{ pointer: '/edges/0/expression', code: 'sql.refused' }])
  })

  it('answers a spec of 10,000 nodes at once', async () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => filter('true', `n${index}`, `n${index + 1}`))
    const started = performance.now()
    expect(await problems(nodes)).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('resolving a config', () => {
  const values = {
    parameters: { n: '5', name: "it's", flag: 'true' },
    declarations: Object.fromEntries(
      (['INT', 'STRING', 'BOOLEAN'] as const).map((type, index) => [
        ['n', 'name', 'flag'][index],
        { type, default: null, description: null },
      ]),
    ),
    logicalTime: '2026-01-01T00:00:00Z',
    executionId: 'e',
    now: '2026-01-01T00:00:00Z',
  }
  const resolve = <T>(schema: z.ZodType<T>, raw: unknown) => resolveConfig(schema, raw, values, parts)

  it('puts literals into SQL, text into text, and numbers where numbers belong', async () => {
    const where = operators.find((operator) => operator.type === 'FILTER')!.config
    expect(await resolve(where, { where: 'origin = ${name}' })).toEqual({
      where: "(origin = CAST('it''s' AS VARCHAR))",
    })
    const schema = z.strictObject({ size: z.number(), on: z.boolean(), path: z.string(), only: foreignSql('x') })
    expect(await resolve(schema, { size: '${n}', on: '${flag}', path: 'a/${n}', only: 'x = ${name}' })).toEqual({
      size: 5,
      on: true,
      path: 'a/5',
      only: "x = 'it''s'",
    })
  })

  it('takes a list of names for names, where a record of expressions is allowed too', async () => {
    const { config } = operators.find((operator) => operator.type === 'MAP')!
    expect(await resolve(config, { select: ['order'] })).toEqual({ select: ['order'] })
    expect(await resolve(config, { select: { a: 'x+1' } })).toEqual({ select: { a: '(x + 1)' } })
  })

  it('points at the field at fault, and shows no secret', async () => {
    const schema = z.strictObject({ inner: z.strictObject({ level: z.enum(['LOW', 'HIGH']) }) })
    await expect(resolve(schema, { inner: { level: '${secret:MAIL}' } })).rejects.toMatchObject({
      code: 'config.invalid',
      pointer: '/inner/level',
      message: expect.not.stringContaining('sesame'),
    })
    await expect(resolve(schema, { inner: { level: '${env:ETL_VAR_NONE}' } })).rejects.toMatchObject({
      pointer: '/inner/level',
    })
  })
})
