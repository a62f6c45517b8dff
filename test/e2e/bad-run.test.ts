/** Runs that are cut off, run twice, or started where nothing may be: nothing is lost, nothing is written twice. */
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { type Ended, inPlace, operator, type Place, recordsOf, source, target } from './run-etl.js'

const count = 1_500_000
/** Heavy enough to be still at work, on a fast machine too, when it is interrupted. */
const slow = [
  source('in.csv'),
  operator('MAP', { set: { h: 'sha256(repeat(CAST(id AS VARCHAR), 300))' } }),
  target('op'),
]
const often = { checkpoint: { interval: '1s' } }
const kept = ['--state', 'st']

async function putNumbers(place: Place): Promise<void> {
  await place.put('in.csv', `id\n${Array.from({ length: count }, (_, at) => at).join('\n')}\n`)
}

async function epochsOf(place: Place): Promise<number> {
  const text = await readFile(place.path('st/execution.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { epochs?: number }).epochs ?? 0
}

test('Ctrl-C ends a run with 130, it goes on where it was, and a second one at the same time is turned away', async () => {
  await inPlace(async (place) => {
    await putNumbers(place)
    let second: Ended | null = null
    const interrupt = async () => {
      if ((await epochsOf(place)) < 1) return false
      second ??= await place.etl(['run', 'job.json', '--json', ...kept])
      return true
    }
    const cut = await place.job(slow, often, { args: kept, interrupt })
    const refused = { code: 'conflict', message: expect.stringMatching(/is running/) }
    expect(second).toMatchObject({ code: 2, answer: { error: refused } })
    expect([cut.code, cut.answer.status]).toEqual([130, 'RUNNING'])
    expect(cut.err).toMatch(/Interrupted\. Go on with: etl run job\.json --state /)
    const done = await place.etl(['run', 'job.json', '--json', ...kept])
    expect([done.code, recordsOf(done).written]).toEqual([0, count])
    const [sums] = await place.rows(
      `SELECT count(*), count(DISTINCT id), bool_and(h = sha256(repeat(id::VARCHAR, 300))) FROM read_csv('${place.path('out/*.csv')}')`,
    )
    expect(sums!.map(String)).toEqual([String(count), String(count), 'true'])

    const again = await place.etl(['run', 'job.json', '--json', ...kept])
    const ended = { code: 'conflict', hint: expect.stringContaining('--fresh') }
    expect(again).toMatchObject({ code: 2, answer: { error: ended } })
    expect((await place.etl(['run', 'job.json', '--json', ...kept, '--fresh'])).code).toBe(0)
  })
}, 120_000)

test('a lock that a killed run has left behind is void', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', 'id\n1\n')
    await mkdir(place.path('st'))
    await place.put('st/lock', JSON.stringify({ pid: 4_000_000, born: '1' }))
    expect((await place.job([source('in.csv'), target()], {}, { args: kept })).code).toBe(0)
    // Its id has come again, for another process.
    await mkdir(place.path('st2'))
    await place.put('st2/lock', JSON.stringify({ pid: process.pid, born: 'another' }))
    expect((await place.etl(['run', 'job.json', '--json', '--state', 'st2'])).code).toBe(0)
  })
})

test('--fresh takes away what a run has put there, and nothing else', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', 'id\n1\n')
    await place.put('mine.txt', 'precious')
    const fresh = ['--state', '.', '--fresh']
    expect((await place.job([source('in.csv'), target()], {}, { args: fresh })).code).toBe(0)
    expect((await place.etl(['run', 'job.json', '--json', ...fresh])).code).toBe(0)
    expect([existsSync(place.path('mine.txt')), await place.written()]).toEqual([true, 'id\n1\n'])
  })
})

test('a state folder that is a file, or of another job, or of the job as it was, is turned away', async () => {
  await inPlace(async (place) => {
    await putNumbers(place)
    const file = await place.job(slow, often, { args: ['--state', 'in.csv'] })
    expect(file).toMatchObject({ code: 3, answer: { error: { code: 'environment.invalid' } } })
    await place.job(slow, often, { args: kept, interrupt: async () => (await epochsOf(place)) >= 1 })
    const other = await place.job(slow, { ...often, name: 'k' }, { args: kept })
    const refused = { code: 'conflict', message: expect.stringMatching(/another job/) }
    expect(other).toMatchObject({ code: 2, answer: { error: refused } })
    const edited = await place.job(
      slow.map((node) => ({ ...node, chaining: 'NEVER' })),
      often,
      { args: kept },
    )
    const changed = { code: 'conflict', message: expect.stringMatching(/another than when the run/) }
    expect(edited).toMatchObject({ code: 2, answer: { error: changed } })
  })
}, 60_000)

test('without a server, commands of a server say how to get one, and end with 3', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', 'id\n1\n')
    await place.put('job.json', JSON.stringify({ name: 'j', nodes: [source('in.csv'), target()] }))
    const env = { ETL_API_URL: 'http://127.0.0.1:1' }
    for (const args of [['show', 'nosuch'], ['jobs'], ['submit', 'job.json'], ['cancel', 'nosuch']]) {
      const { code, answer } = await place.etl([...args, '--json'], { env })
      const refused = { code: 'connection.refused', hint: expect.stringContaining('etl api') }
      expect([code, answer.error]).toEqual([3, expect.objectContaining(refused)])
    }
  })
})
