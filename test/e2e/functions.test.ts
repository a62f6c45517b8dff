/** Jobs with functions of a person's own, as `etl run` and `etl validate` treat them. */
import { mkdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { inPlace, keepBad, operator, type Place, source, target } from './run-etl.js'

const MODULE = `
export default (records, { config }) =>
  records.map(({ id, name }) => {
    if (name === config.bad) throw new Error('no such name')
    if (name === config.endless) for (;;);
    console.log('seen', name)
    return { id, upper: name.toUpperCase() }
  })
`

async function withFunction(run: (place: Place) => Promise<void>) {
  await inPlace(async (place) => {
    await mkdir(place.path('functions'))
    await place.put('functions/names.mjs', MODULE)
    await place.put('in.csv', 'id,name\n1,ada\n2,ben\n3,cleo\n')
    await run(place)
  })
}

const job = (config: object, more: object = {}) => [
  source('in.csv'),
  operator('FUNCTION', { module: 'names', columns: { id: 'BIGINT', upper: 'VARCHAR' }, config, ...more }),
  target('op', { singleFile: true, path: 'out.csv' }),
]

describe('a job with a function', () => {
  test('runs it, and shows what it prints on standard error only', async () => {
    await withFunction(async (place) => {
      const { code, answer, err } = await place.job(job({}))
      expect([code, answer.status]).toEqual([0, 'COMPLETED'])
      expect(await readFile(place.path('out.csv'), 'utf8')).toBe('id,upper\n1,ADA\n2,BEN\n3,CLEO\n')
      expect(err).toContain('seen cleo')
    })
  })

  test('keeps records that it fails for as dead letters', async () => {
    await withFunction(async (place) => {
      const { code, answer } = await place.job(job({ bad: 'ben' }), keepBad)
      expect([code, answer.status, answer.records?.failed]).toEqual([0, 'COMPLETED', 1])
      expect(await readFile(place.path('out.csv'), 'utf8')).toBe('id,upper\n1,ADA\n3,CLEO\n')
    })
  })

  test('fails with the words of the exception and the place of the record', async () => {
    await withFunction(async (place) => {
      const { code, answer } = await place.job(job({ bad: 'ben' }))
      expect([code, answer.error?.code, answer.error?.nodeId]).toEqual([1, 'record.bad', 'op'])
      expect(answer.error?.message).toMatch(/^op: no such name \(.*in\.csv, line 3\)$/)
    })
  })

  test('ends with its process, even while that is in an endless loop and is killed', async () => {
    await withFunction(async (place) => {
      const loops = { ETL_FUNCTION_PATH: place.path('functions') }
      let [killed, watched] = [false, 0]
      const given = {
        env: loops,
        watched: async (pid: number) => {
          const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
          for (const child of children.trim().split(' ').map(Number)) if (await isFunction(child)) watched = child
          if (watched === 0 || killed || (await cpuTicks(watched)) < 60) return
          process.kill(pid, 'SIGKILL')
          killed = true
        },
      }
      if (process.platform !== 'linux') return
      await place.job(job({ endless: 'ben' }), {}, given).catch(() => undefined)
      expect(killed).toBe(true)
      await expectSoon(() => isFunction(watched).then((there) => !there))
    })
  })

  test.each([
    [{ module: 'name' }, '/nodes/1/config/module', 'Did you mean `names`?'],
    [{ module: '../names' }, '/nodes/1/config/module', null],
    [{ export: 'upper' }, '/nodes/1/config/export', 'It exports: default.'],
    [{ columns: { id: 'BIGNT' } }, '/nodes/1/config/columns/id', 'Did you mean `BIGINT`?'],
    [{ columns: undefined }, '/nodes/1/config/columns', null],
    [{ deterministic: false }, '/nodes/1/config/deterministic', null],
  ])('%j is told of by validate', async (more, pointer, hint) => {
    await withFunction(async (place) => {
      const { code, answer } = await place.job(job({}, more), {}, { command: 'validate' })
      expect([code, answer.errors?.map((problem) => [problem.pointer, problem.hint])]).toEqual([2, [[pointer, hint]]])
    })
  })
})

async function isFunction(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.includes('child.mjs') && !command.startsWith('sh')
}

/** Of its own code: it is at work, and not only starting. */
async function cpuTicks(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ') ?? []
  return Number(fields[11] ?? 0)
}

async function expectSoon(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('It is still there.')
}
