import { describe, expect, it } from '@jest/globals'
import { parseDocuments } from '../../../../core/spec/documents.js'
import { validateSpec } from '../../../../core/spec/validate.js'
import { catalogue } from './catalogue.js'

const source = (id = 'a') => ({ id, source: 'file', config: { path: 'a.csv' } })
const sink = (input = 'a', id = 'z') => ({ id, sink: 'file', input, config: { path: 'out' } })
const job = (nodes: readonly unknown[], changes: Record<string, unknown> = {}) => ({ name: 'job', nodes, ...changes })
const problems = (spec: unknown) =>
  validateSpec(spec, catalogue).problems.map(({ pointer, message, hint }) => ({ pointer, message, hint }))
const only = (spec: unknown) => {
  const found = problems(spec)
  expect(found).toHaveLength(1)
  return found[0]!
}

describe('a job spec', () => {
  it('is accepted as the documentation shows it', () => {
    const { documents } = parseDocuments(SAMPLE)
    const { problems, spec, graph, warnings } = validateSpec(documents[0]!.value, catalogue)
    expect(problems).toEqual([])
    expect(warnings).toEqual([])
    expect(spec?.name).toBe('delayed-flights')
    expect(graph?.edges.map(({ from, to, port, blocking }) => [from, to, port, blocking])).toEqual([
      ['flights', 'delayed', 'input', false],
      ['delayed', 'named', 'left', false],
      ['airports', 'named', 'right', true],
      ['named', 'warehouse', 'input', false],
    ])
  })

  it('is warned of a schedule that never comes true', () => {
    const warnings = (cron: string) =>
      validateSpec(job([source(), sink()], { schedule: { type: 'CRON', cron } }), catalogue).warnings
    expect(warnings('0 0 12 31 4,6,9,11 ?')).toMatchObject([{ pointer: '/schedule/cron', code: 'schedule.never' }])
    expect(warnings('0 0 12 29 2 ?')).toEqual([])
  })

  it.each([
    ['/checkpoint/interval', { checkpoint: { interval: '36501d' } }],
    ['/timeout', { timeout: '9999999999d' }],
    ['/sla', { sla: '99999999999999h' }],
    ['/retry/delay', { retry: { max: 1, delay: '40000d' } }],
    ['/restart/delay', { restart: { strategy: 'FIXED_DELAY', delay: '40000d' } }],
    ['/schedule/jitter', { schedule: { type: 'CRON', cron: '0 0 * * *', jitter: '40000d' } }],
    ['/schedule/within', { schedule: { type: 'DEPENDENCY', on: ['other'], within: '40000d' } }],
  ])('%s is refused where it is too long to be kept', (pointer, change) => {
    expect(only(job([source(), sink()], change))).toMatchObject({
      pointer,
      message: expect.stringContaining('36500d (100 years) at most'),
    })
  })

  it('is told everything that is wrong with it, at once and each with its place', () => {
    const spec = {
      nam: 'x',
      type: 'BACH',
      checkpoint: { intervall: '3s', timeout: 5, retained: 0 },
      restart: { strategy: 'FIXED_DELAI' },
      nodes: [source(), { id: 'a', operator: 'FILTRE', inputs: ['b'], config: { where: 'x > ${dya}' } }, sink('aab')],
      parameters: { day: { type: 'DATE', default: '2001-02-30' } },
    }
    expect(problems(spec)).toEqual(
      expect.arrayContaining([
        { pointer: '/name', message: 'This is required: text.', hint: null },
        { pointer: '/nam', message: 'There is no setting `nam` here.', hint: 'Did you mean `name`?' },
        { pointer: '/type', message: "Expected one of BATCH, STREAMING, found 'BACH'.", hint: 'Did you mean `BATCH`?' },
        {
          pointer: '/checkpoint/intervall',
          message: 'There is no setting `intervall` here.',
          hint: 'Did you mean `interval`?',
        },
        {
          pointer: '/checkpoint/timeout',
          message: 'Expected a duration such as 500ms, 30s, 10m, 2h or 1d, found 5.',
          hint: null,
        },
        { pointer: '/checkpoint/retained', message: 'Expected at least 1, found 0.', hint: null },
        {
          pointer: '/restart/strategy',
          message: expect.stringContaining("found 'FIXED_DELAI'"),
          hint: 'Did you mean `FIXED_DELAY`?',
        },
        {
          pointer: '/nodes/1/id',
          message: 'The id `a` is taken by node 1 of the list.',
          hint: 'Give each node an id of its own.',
        },
        { pointer: '/nodes/1/operator', message: 'There is no operator `FILTRE`.', hint: 'Did you mean `FILTER`?' },
        { pointer: '/nodes/1/inputs/0', message: 'There is no node `b`.', hint: null },
        { pointer: '/nodes/1/config/where', message: 'There is no parameter `dya`.', hint: 'Did you mean `day`?' },
        { pointer: '/nodes/2/input', message: 'There is no node `aab`.', hint: null },
        {
          pointer: '/parameters/day/default',
          message: expect.stringContaining('`day` is a DATE'),
          hint: 'Write it as 2001-01-31.',
        },
      ]),
    )
    expect(problems(spec)).toHaveLength(13)
  })

  it('names the path of a cycle', () => {
    const filter = (id: string, input: string) => ({ id, operator: 'FILTER', input, config: { where: 'true' } })
    const { pointer, message } = only(job([source(), filter('b', 'd'), filter('c', 'b'), filter('d', 'c'), sink('a')]))
    expect(pointer).toMatch(/^\/nodes\/[123]$/)
    expect(message).toMatch(/^The nodes form a cycle: (b → c → d → b|c → d → b → c|d → b → c → d)\.$/)
  })

  it('with more than 1,000 nodes is refused at once', () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => ({
      id: `n${index}`,
      operator: 'FILTER',
      input: `m${index}`,
    }))
    const started = performance.now()
    expect(only(job(nodes)).message).toBe('The job has 10000 nodes, and 1000 are allowed.')
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('with 1,000 nodes that are all wrong is answered soon', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => ({
      id: `node${index}`,
      operator: 'FILTR',
      input: `nodde${index + 1}`,
      conf: 1,
    }))
    const started = performance.now()
    expect(problems(job(nodes)).length).toBeGreaterThan(2900)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  it('must be an object', () => {
    expect(only('text').message).toBe('A job spec must be an object.')
    expect(only(null).pointer).toBe('')
  })

  it('may hold dates that a reader of YAML has made of dates', () => {
    const parameters = { day: { type: 'DATE', default: new Date('2001-01-01') } }
    expect(validateSpec(job([source(), sink()], { parameters }), catalogue).spec?.parameters?.day?.default).toBe(
      '2001-01-01',
    )
  })

  it('has no more subtasks than key groups', () => {
    const asked = { parallelism: 9, maxParallelism: 8 }
    const { problems } = validateSpec(job([source(), { ...sink(), parallelism: 10 }], asked), catalogue)
    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/parallelism', 'spec.invalid'],
      ['/nodes/1/parallelism', 'spec.invalid'],
    ])
    expect(validateSpec(job([source(), { ...sink(), parallelism: 4 }], { parallelism: 2 }), catalogue)).toMatchObject({
      problems: [],
      warnings: [],
    })
  })
})

describe('nodes and their inputs', () => {
  it('are one thing each', () => {
    expect(only(job([source(), { id: 'b' }, sink()]))).toMatchObject({
      pointer: '/nodes/1',
      message: 'A node needs one of `source`, `operator` and `sink`.',
    })
    expect(only(job([source(), { ...sink(), operator: 'FILTER' }, sink('a', 'y')])).message).toBe(
      'A node is one thing only, and this one has `operator` and `sink`.',
    )
  })

  it('must be fed at every port', () => {
    expect(only(job([source(), { id: 'j', operator: 'JOIN', inputs: { left: 'a' } }, sink('j')]))).toEqual({
      pointer: '/nodes/1',
      message: '`j` lacks the input `right`.',
      hint: 'Write `inputs: { left: …, right: … }`.',
    })
    expect(only(job([source(), { id: 'z', sink: 'file' }]))).toMatchObject({
      pointer: '/nodes/1',
      message: '`z` has no input.',
    })
  })

  it('have no other ports than their operator has', () => {
    const join = (inputs: unknown) => job([source(), source('b'), { id: 'j', operator: 'JOIN', inputs }, sink('j')])
    expect(only(join({ left: 'a', rigth: 'b' }))).toMatchObject({
      pointer: '/nodes/2/inputs/rigth',
      hint: 'Did you mean `right`?',
    })
    expect(problems(join(['a', 'b']))).toEqual([])
    expect(only(job([source(), source('b'), { id: 'f', operator: 'FILTER', inputs: ['a', 'b'] }, sink('f')]))).toEqual({
      pointer: '/nodes/2/inputs/1',
      message: 'FILTER has one input only.',
      hint: 'Bring several inputs together with UNION or JOIN.',
    })
    expect(only(job([source(), { id: 'j', operator: 'JOIN', input: 'a' }, sink('j')])).message).toContain(
      'several inputs',
    )
  })

  it('go by the names of their nodes where an operator takes many, and by `input` where there is one', () => {
    const ports = (inputs: unknown) =>
      validateSpec(job([source(), source('b'), { id: 'u', operator: 'UNION', inputs }, sink('u')]), catalogue)
        .graph?.edges.filter((edge) => edge.to === 'u')
        .map((edge) => edge.port)
    expect(ports(['a', 'b'])).toEqual(['a', 'b'])
    expect(ports(['a', 'a'])).toEqual(['a', 'a_2'])
    expect(ports(['a'])).toEqual(['input'])
    expect(ports({ input: 'a', other: 'b' })).toEqual(['input', 'other'])
  })

  it('cannot come from a sink, nor go to a source', () => {
    expect(only(job([source(), sink(), sink('z', 'y')])).message).toBe(
      '`z` is a sink, and nothing can be read from it.',
    )
    expect(only(job([source(), { ...source('b'), input: 'a' }, sink()])).message).toBe(
      '`b` is a source, and takes no input.',
    )
  })

  it('name the second output of an operator that has one', () => {
    const window = { id: 'w', operator: 'WINDOW', input: 'a' }
    const { graph, problems: none } = validateSpec(job([source(), window, sink('w'), sink('w.late', 'y')]), catalogue)
    expect(none).toEqual([])
    expect(graph?.edges.map(({ from, output }) => [from, output])).toEqual([
      ['a', 'main'],
      ['w', 'main'],
      ['w', 'late'],
    ])
    expect(only(job([source(), sink('a.late')])).message).toBe('`a` has no second output `late`.')
  })

  it('are not a connector of the other side', () => {
    expect(only(job([source(), { id: 'z', sink: 'feed', input: 'a' }]))).toEqual({
      pointer: '/nodes/1/sink',
      message: 'The connector `feed` is no sink.',
      hint: 'As sink there are: file, jdbc.',
    })
  })
})

describe('edges spelled out', () => {
  const withEdges = (...edges: unknown[]) =>
    job([source(), { id: 'f', operator: 'FILTER', input: 'a' }, sink('f')], { edges })

  it('say more about an edge that is there, or add one', () => {
    expect(problems(withEdges({ from: 'a', to: 'f', type: 'SHUFFLE', partition: 'HASH', key: ['k'] }))).toEqual([])
    const spec = job([source(), { id: 'z', sink: 'file' }], { edges: [{ from: 'a', to: 'z' }] })
    expect(problems(spec)).toEqual([])
  })

  it.each([
    [{ from: 'a', to: 'g' }, '/edges/0/to'],
    [{ from: 'aa', to: 'f' }, '/edges/0/from'],
    [{ from: 'a', to: 'f', type: 'FORWARD', partition: 'HASH', key: ['k'] }, '/edges/0/partition'],
    [{ from: 'a', to: 'f', type: 'SHUFFLE', partition: 'CUSTOM' }, '/edges/0/partition'],
    [{ from: 'a', to: 'f', type: 'SHUFFLE', partition: 'HASH' }, '/edges/0/partition'],
    [{ from: 'a', to: 'f', type: 'SHUFFLE', partition: 'ROUND_ROBIN', key: ['k'] }, '/edges/0/key'],
    [{ from: 'a', to: 'f', type: 'SHUFFLE', expression: '1' }, '/edges/0/expression'],
  ])('are refused where they contradict themselves: %j', (edge, pointer) => {
    expect(problems(withEdges(edge)).map((problem) => problem.pointer)).toContain(pointer)
  })

  it('are refused when given twice, or FORWARD between unequal numbers of subtasks', () => {
    const edge = { from: 'a', to: 'f', type: 'BROADCAST' }
    expect(only(withEdges(edge, edge)).message).toBe('The edge from `a` to `f` is given twice.')
    const spec = job([source(), { ...sink(), parallelism: 3 }], { edges: [{ from: 'a', to: 'z', type: 'FORWARD' }] })
    expect(only(spec)).toMatchObject({ pointer: '/edges/0/type', hint: 'Use SHUFFLE.' })
  })
})

describe('settings that do not go together', () => {
  const target = (config: unknown) => ({ id: 'z', sink: 'file', input: 'a', config })

  it.each([
    [
      'REPLACE and CONTINUE',
      job([source(), target({ mode: 'REPLACE' })], { positions: 'CONTINUE' }),
      '/nodes/1/config/mode',
    ],
    [
      'REPLACE and STREAMING',
      job([source(), target({ mode: 'REPLACE' })], { type: 'STREAMING' }),
      '/nodes/1/config/mode',
    ],
    [
      'singleFile and STREAMING',
      job([source(), target({ singleFile: true })], { type: 'STREAMING' }),
      '/nodes/1/config/singleFile',
    ],
    [
      'replaceWhere and UPSERT',
      job([source(), target({ mode: 'UPSERT', replaceWhere: 'x' })]),
      '/nodes/1/config/replaceWhere',
    ],
    [
      'CONTINUE and several runs',
      job([source(), sink()], { positions: 'CONTINUE', maxConcurrentRuns: 2 }),
      '/maxConcurrentRuns',
    ],
    [
      'SORT and STREAMING',
      job([source(), { id: 's', operator: 'SORT', input: 'a' }, sink('s')], { type: 'STREAMING' }),
      '/nodes/1/operator',
    ],
    [
      'a schedule that waits for its own job',
      job([source(), sink()], { schedule: { type: 'DEPENDENCY', on: ['job'] } }),
      '/schedule/on/0',
    ],
    [
      'a schedule in no time zone',
      job([source(), sink()], { schedule: { type: 'CRON', cron: '0 5 * * * ?', timezone: 'Europe/Berlim' } }),
      '/schedule/timezone',
    ],
    [
      'a schedule in a cron expression that cannot be',
      job([source(), sink()], { schedule: { type: 'CRON', cron: '0 0 25 * * ?' } }),
      '/schedule/cron',
    ],
    [
      'a schedule that sets no parameter',
      job([source(), sink()], { schedule: { type: 'IMMEDIATE', parameters: { x: 1 } } }),
      '/schedule/parameters/x',
    ],
  ])('%s', (_, spec, pointer) => {
    expect(only(spec).pointer).toBe(pointer)
  })

  it.each([
    ['INT', '${logicalTime}', false],
    ['DECIMAL', '${executionId}', false],
    ['BOOLEAN', '${logicalTime}', false],
    ['INT', 'n-${event.n}', false],
    ['DATE', '${executionId}', false],
    ['INT', '-${event.n}', true],
    ['DECIMAL', '${event.n}.50', true],
    ['BOOLEAN', '${event.b}', true],
    ['DATE', '${logicalTime}', true],
    ['TIMESTAMP', '${logicalTime}', true],
    ['STRING', 'at ${logicalTime}', true],
  ])('a parameter of type %s that a schedule sets to %s, unless it can be so: %s', (type, value, fits) => {
    const schedule = { type: 'EVENT', event: 'x', parameters: { n: value } }
    const found = problems(job([source(), sink()], { parameters: { n: { type } }, schedule }))
    expect(found.map(({ pointer }) => pointer)).toEqual(fits ? [] : ['/schedule/parameters/n'])
  })

  it.each([
    ['/timeout', { timeout: '0s' }],
    ['/sla', { sla: '0ms' }],
    ['/checkpoint/timeout', { checkpoint: { timeout: '0s' } }],
    ['/checkpoint/interval', { checkpoint: { interval: '0s' } }],
    ['/schedule/within', { schedule: { type: 'DEPENDENCY', on: ['x'], within: '0s' } }],
  ])('no time at all for %s', (pointer, changes) => {
    expect(only(job([source(), sink()], changes))).toMatchObject({ pointer })
  })

  it('a schedule that is wrong in several ways, each with what was meant', () => {
    const schedule = { type: 'CRON', cron: '0 60 12 ? * MONDAY', timezone: 'Berlin' }
    expect(problems(job([source(), sink()], { schedule }))).toMatchObject([
      { pointer: '/schedule/cron', message: 'Minutes: `60` is not between 0 and 59.' },
      { pointer: '/schedule/cron', hint: 'Write `MON`.' },
      { pointer: '/schedule/timezone', hint: 'Did you mean `Europe/Berlin`?' },
    ])
  })

  it('a job without a sink, or without a source', () => {
    expect(problems(job([source()])).map((problem) => problem.message)).toEqual(['The job has no sink.'])
    expect(problems(job([sink('z', 'z')])).map((problem) => problem.message)).toContain('The job has no source.')
  })
})

const SAMPLE = `
name: delayed-flights
type: BATCH
tags: [demo]
parallelism: 1
maxParallelism: 128
delivery: EXACTLY_ONCE
positions: FRESH
checkpoint: { interval: 30s, timeout: 10m, retained: 3, tolerableFailures: 0 }
restart: { strategy: FIXED_DELAY, maxRestarts: 3, delay: 10s }
onBadRecord: { action: DEAD_LETTER, max: 1000, maxRatio: 0.01 }
timeout: 2h
maxConcurrentRuns: 1
overlap: WAIT
priority: 0
retry: { max: 2, delay: 5m }
sla: 1h
schedule: { type: CRON, cron: "0 5 * * * ?", timezone: Europe/Berlin, catchUp: LAST, parameters: { day: "\${logicalTime}" } }
parameters:
  day: { type: DATE, default: 2001-01-01 }
nodes:
  - id: flights
    source: file
    config: { path: data/flights.csv, format: csv }
  - id: airports
    source: file
    config: { path: data/airports.csv }
  - id: delayed
    operator: FILTER
    input: flights
    config: { where: "delay > 15 AND date >= \${day}" }
  - id: named
    operator: JOIN
    inputs: { left: delayed, right: airports }
    config: { type: LEFT, on: "left.origin = right.iata", select: { "*": "left.*", state: "right.state" } }
  - id: warehouse
    sink: jdbc
    input: named
    config: { connection: demo-mysql, table: delayed_flights, mode: APPEND, createTable: true }
`
