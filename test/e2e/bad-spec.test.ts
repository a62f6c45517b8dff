/** Specs that are wrong in every way: exit 2, everything at once, each with its place and what was meant. */
import { expect, test } from '@jest/globals'
import { inPlace, operator, type Place, source, target } from './run-etl.js'

const csv = 'id,amount,name\n1,10,a\n2,20,b\n'
const filter = (where: string) => [source('in.csv'), operator('FILTER', { where }), target('op')]
const id = 'name: j\nnodes:\n'

test.each<[string, unknown, string, RegExp, RegExp | null]>([
  ['a node that is not there', [source('in.csv'), target('inn')], '/nodes/1/input', /no node `inn`/, /`in`/],
  [
    'a cycle',
    [
      source('in.csv'),
      { id: 'a', operator: 'UNION', inputs: ['in', 'b'], config: {} },
      { id: 'b', operator: 'FILTER', input: 'a', config: { where: 'id > 1' } },
      target('b'),
    ],
    '/nodes/2',
    /cycle: b → a → b/,
    /take out/,
  ],
  [
    'a column that is not there',
    filter('amuont > 1'),
    '/nodes/1/config/where',
    /Referenced column "amuont" not found/,
    /`amount`/,
  ],
  ['text compared with a number', filter('name > 1'), '/nodes/1/config/where', /VARCHAR/, null],
  ['an aggregate in FILTER', filter('sum(amount) > 1'), '/nodes/1/config/where', /aggregate `sum`/, /AGGREGATE/],
  ['a number for a condition', filter('amount'), '/nodes/1/config/where', /must be BOOLEAN/, /Compare/],
  ['a file that is not there', [source('nosuch.csv'), target()], '/nodes/0/config/path', /no file .*nosuch\.csv/, null],
  ['a folder', [source('.', { format: 'csv' }), target()], '/nodes/0/config/path', /is a folder/, null],
  [
    'an unknown setting',
    [source('in.csv', { delimeter: ';' }), target()],
    '/nodes/0/config/delimeter',
    /no setting `delimeter`/,
    /`delimiter`/,
  ],
  ['an unknown connector', [{ ...source('in.csv'), source: 'fiel' }, target()], '/nodes/0/source', /`fiel`/, /`file`/],
  [
    'an unknown operator',
    [source('in.csv'), operator('FLITER', { where: 'true' }), target('op')],
    '/nodes/1/operator',
    /`FLITER`/,
    /`FILTER`/,
  ],
  [
    'an unknown connection',
    [source('in.csv'), { id: 'out', sink: 'jdbc', input: 'in', config: { connection: 'nosuch', table: 't' } }],
    '/nodes/1/config/connection',
    /no connection nosuch/,
    /--connections/,
  ],
  ['an undeclared parameter', filter('id > ${pp}'), '/nodes/1/config/where', /no parameter `pp`/, null],
  ['a parameter in quotes', filter("name = '${p}'"), '/nodes/1/config/where', /inside quotes/, /Drop the quotes/],
  ['no list of nodes', {}, '/nodes', /Expected a list/, null],
  ['no node at all', [], '/nodes', /at least 1/, null],
  ['a number for an id', [{ ...source('in.csv'), id: 5 }, target()], '/nodes/0/id', /Expected text, found 5/, null],
  ['a number for a path', [source(7 as never), target()], '/nodes/0/config/path', /Expected text/, null],
  [
    'an encoding that is not known',
    [source('in.csv', { encoding: 'klingon' }), target()],
    '/nodes/0/config/encoding',
    /klingon/,
    null,
  ],
])('%s', async (_, nodes, pointer, message, hint) => {
  await inPlace(async (place) => {
    await place.put('in.csv', csv)
    const settings = { parameters: { p: { type: 'STRING', default: 'x' } } }
    for (const command of ['validate', 'run']) {
      const { code, answer } = await place.job(nodes, settings, { command })
      expect(code).toBe(2)
      expect(answer.error).toMatchObject({ code: 'spec.invalid', nodeId: null, retryable: false })
      const problem = answer.errors?.find((one) => one.pointer === pointer)
      expect(problem).toMatchObject({ message: expect.stringMatching(message) })
      if (hint) expect(problem).toMatchObject({ hint: expect.stringMatching(hint) })
    }
    expect(await place.written()).toBe('')
  })
})

test.each<[string, string | Uint8Array, string, RegExp]>([
  ['nothing', '', 'spec.unreadable', /empty/],
  ['comments only', '# nothing\n', 'spec.unreadable', /empty/],
  [
    'bytes that are no text',
    Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919 + 13) % 256)),
    'spec.unreadable',
    /Line 1/,
  ],
  ['tabs', `${id}\t- id: in\n`, 'spec.unreadable', /Line 3.*[Tt]abs/],
  ['the same key twice', 'name: j\nname: k\nnodes: []\n', 'spec.unreadable', /Line 2.*unique/],
  ['a list', '[1, 2]', 'spec.unreadable', /must be an object/],
  ['a word', 'hello', 'spec.unreadable', /must be an object/],
  ['a number for the name', 'name: 5\nnodes: []\n', 'spec.invalid', /Expected text, found 5/],
  ['a thousand laughs', `${laughs()}\nname: j\nnodes: []\n`, 'spec.unreadable', /alias/],
  ['keys of prototypes', '{"name":"j","__proto__":{"x":1},"nodes":[]}', 'spec.invalid', /`__proto__`/],
  ['ten thousand nodes', JSON.stringify({ name: 'j', nodes: manyNodes(10_000) }), 'spec.invalid', /10002 nodes/],
])(
  'a file of %s',
  async (_, content, errorCode, message) => {
    await inPlace(async (place) => {
      await place.put('in.csv', csv)
      await place.put('job.yaml', content)
      for (const command of ['validate', 'run']) {
        const { code, answer } = await place.etl([command, 'job.yaml', '--json'])
        expect(code).toBe(2)
        expect(answer.error?.code).toBe(errorCode)
        expect(answer.errors?.map((one) => one.message).join('\n')).toMatch(message)
      }
    })
  },
  60_000,
)

test('anchors and merge keys mean what they stand for', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', csv)
    await place.put(
      'job.yaml',
      `${id}  - { id: in, source: file, config: &from { path: in.csv } }
  - { id: again, source: file, config: { <<: *from } }
  - { id: both, operator: UNION, inputs: [in, again], config: {} }
  - { id: out, sink: file, input: both, config: { path: out, format: csv } }\n`,
    )
    expect(await place.etl(['run', 'job.yaml', '--json'])).toMatchObject({ code: 0, answer: { status: 'COMPLETED' } })
  })
})

test('of several jobs in a file none is run by chance', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', csv)
    await place.put('job.yaml', 'name: j\nnodes: []\n---\nname: k\nnodes: []\n')
    const { code, answer } = await place.etl(['run', 'job.yaml', '--json'])
    expect({ code, message: answer.error?.message }).toEqual({ code: 2, message: 'job.yaml holds 2 jobs' })
  })
})

test('a spec of 5 MB is read', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', csv)
    const set = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`c${at}`, `'${'z'.repeat(50_000)}'`]))
    const { code } = await place.job(
      [source('in.csv'), operator('MAP', { set }), target('op')],
      {},
      { command: 'validate' },
    )
    expect(code).toBe(0)
  })
}, 60_000)

test('options, commands and files that are not there are errors of usage', async () => {
  await inPlace(async (place) => {
    const said = async (...args: string[]) => {
      const { code, answer } = await place.etl(args)
      return [code, answer.error?.code]
    }
    await place.put('job.json', '{}')
    expect(await said('run', 'job.json', '--nosuch', '--json')).toEqual([2, 'usage.invalid'])
    expect(await said('rnu', 'job.json', '--json')).toEqual([2, 'usage.invalid'])
    expect(await said('run', '--json')).toEqual([2, 'usage.invalid'])
    expect(await said('run', 'nosuch.yaml', '--json')).toEqual([2, 'not.found'])
    expect(await said('run', '.', '--json')).toEqual([2, 'usage.invalid'])
  })
})

test('a parameter needs a value of its type, and stays a value whatever it holds', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', csv)
    const run = async (type: string, where: string, ...args: string[]) =>
      await place.job(filter(where), { parameters: { p: { type } } }, { args })
    expect(await run('INT', 'id > ${p}')).toMatchObject({ code: 2, answer: { error: { code: 'usage.invalid' } } })
    expect(await run('INT', 'id > ${p}', '--param', 'p=x')).toMatchObject({ code: 2 })
    expect(await run('INT', 'id > ${p}', '--param', 'q=1')).toMatchObject({ code: 2 })
    for (const evil of ["' OR 1=1 --", "'); COPY (SELECT 1) TO 'pwned'; --", '${env:HOME}', 'a\nb', '"', '\\', '$$;'])
      expect(await withParameter(place, evil)).toEqual([evil])
  })
}, 60_000)

/** As a column of the only record. */
async function withParameter(place: Place, value: string): Promise<unknown> {
  await place.put('one.csv', 'id\n1\n')
  const nodes = [
    source('one.csv'),
    operator('MAP', { select: { p: '${p}' } }),
    target('op', { path: 'p.jsonl', format: 'jsonl', singleFile: true }),
  ]
  const { code } = await place.job(
    nodes,
    { parameters: { p: { type: 'STRING' } } },
    { args: ['--param', `p=${value}`] },
  )
  expect(code).toBe(0)
  return (await place.rows(`SELECT p FROM read_json('${place.path('p.jsonl')}', columns = {p: 'VARCHAR'})`))[0]
}

function manyNodes(count: number): unknown[] {
  const chain = Array.from({ length: count }, (_, at) => ({
    id: `n${at}`,
    operator: 'FILTER',
    input: at === 0 ? 'in' : `n${at - 1}`,
    config: { where: 'id > 0' },
  }))
  return [source('in.csv'), ...chain, target(`n${count - 1}`)]
}

/** Each anchor holds the one before nine times. */
function laughs(): string {
  const names = [...'abcdefghi']
  const nine = (item: string) => `[${Array.from({ length: 9 }, () => item).join(', ')}]`
  return names.map((name, at) => `${name}: &${name} ${nine(at === 0 ? 'x' : `*${names[at - 1]}`)}`).join('\n')
}
