import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { TerminalStatus } from '../../core/execution/status.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { type LentApi, withApi } from '../support/api.js'
import { untold } from '../support/untold.js'

let api: LentApi
let giveBack: () => void
let lent: Promise<unknown>
/** Of the jobs of each test. */
let prefix = 0

beforeAll(async () => {
  await new Promise<void>((ready, failed) => {
    lent = withApi({}, async (made) => {
      api = made
      ready()
      await new Promise<void>((resolve) => {
        giveBack = resolve
      })
    }).catch(failed)
  })
}, 120_000)

beforeEach(() => {
  prefix += 1
})

afterAll(async () => {
  giveBack?.()
  await lent
})

describe('a job that depends on others', () => {
  test('starts once with the time of the calendar that all of them ran for, and hands it on', async () => {
    const [a, b] = [await save('a'), await save('b')]
    const c = await save('c', { on: ['a', 'b'], parameters: { day: '${logicalTime}' } })
    const d = await save('d', { on: ['c'] })
    const [monday, tuesday] = [new Date('2026-01-05T00:00:00Z'), new Date('2026-01-06T00:00:00Z')]
    await end(a, { logicalTime: tuesday, triggerType: 'CRON' })
    await end(b, { logicalTime: monday, triggerType: 'CRON' })
    expect(await runsOf(c)).toEqual([])
    const { body } = await api.call('get', `/jobs/${c}/dependencies`, 'USER')
    expect(body).toMatchObject({
      waitsFor: {
        isEnabled: true,
        require: 'ALL',
        jobs: [
          { name: named('a'), isEnabled: null, ends: [{ logicalTime: tuesday.toISOString(), isScheduledTime: true }] },
          { name: named('b'), ends: [{ logicalTime: monday.toISOString() }] },
        ],
      },
      startsWhenEnded: [{ jobId: d, name: named('d'), isEnabled: true }],
    })
    await end(a, { logicalTime: monday, triggerType: 'CRON' })
    const [run] = await runsOf(c)
    expect(run).toMatchObject({ triggerType: 'DEPENDENCY', logicalTime: monday.toISOString() })
    expect((await api.deps.executions.get(run!.executionId)).parameters).toEqual({ day: '2026-01-05' })
    // Restarted for the same time: noted, and no second run.
    await end(a, { logicalTime: monday, triggerType: 'BACKFILL' })
    await end(b, { logicalTime: monday, triggerType: 'BACKFILL' })
    expect(await runsOf(c)).toHaveLength(1)
    await finish(run!.executionId)
    expect(await runsOf(d)).toMatchObject([{ logicalTime: monday.toISOString() }])
    const ends = await api.call('get', `/events?type=JOB_FINISHED&jobId=${b}`, 'USER')
    expect(ends.body.items.map((one: { claims: object[] }) => one.claims)).toMatchObject([
      [{ jobId: c, executionId: run!.executionId, message: 'It was started before.' }],
      [{ jobId: c, executionId: run!.executionId, message: null }],
    ])
  })

  test('of people: starts once for the newest ends of each, and again only when each has ended again', async () => {
    const [a, b] = [await save('a'), await save('b')]
    const c = await save('c', { on: ['a', 'b'] })
    for (const jobId of [a, a, b]) await end(jobId)
    expect(await runsOf(c)).toHaveLength(1)
    await end(b)
    expect(await runsOf(c)).toHaveLength(1)
    await end(a)
    expect(await runsOf(c)).toHaveLength(2)
  })

  test('starts only after an end of the status that it asks for; ANY starts for each', async () => {
    const a = await save('a')
    const completed = await save('completed', { on: ['a'] })
    const failed = await save('failed', { on: ['a'], status: 'FAILED' })
    const ended = await save('ended', { on: ['a'], require: 'ANY', status: 'ANY' })
    for (const status of ['COMPLETED', 'FAILED', 'CANCELLED'] as const) await end(a, {}, status)
    expect(await runsOf(completed)).toHaveLength(1)
    expect(await runsOf(failed)).toHaveLength(1)
    expect(await runsOf(ended)).toHaveLength(3)
  })

  test('starts nothing for what ended while its schedule was paused, then or later, and says so', async () => {
    const [a, b] = [await save('a'), await save('b')]
    const c = await save('c', { on: ['a', 'b'] })
    const { scheduleId } = (await api.call('get', `/schedules?jobId=${c}`)).body.items[0]
    await api.call('post', `/schedules/${scheduleId}/pause`).expect(200)
    await end(a)
    await api.call('post', `/schedules/${scheduleId}/resume`).expect(200)
    await end(b)
    expect(await runsOf(c)).toEqual([])
    const decisions = await api.call('get', `/schedules/${scheduleId}/decisions`)
    expect(JSON.stringify(decisions.body)).toContain('The schedule was paused.')
    await end(a)
    expect(await runsOf(c)).toHaveLength(1)
  })

  test('does not start for what ended before it had its schedule', async () => {
    const [a, b] = [await save('a'), await save('b')]
    await end(a)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const c = await save('c', { on: ['a', 'b'] })
    await end(b)
    expect(await runsOf(c)).toEqual([])
    await end(a)
    expect(await runsOf(c)).toHaveLength(1)
  })

  test('whose starter died is found by the sweeper, and only then', async () => {
    const a = await save('a')
    const b = await save('b', { on: ['a'] })
    await end(a, {}, 'COMPLETED', false)
    expect(await runsOf(b)).toEqual([])
    const later = new Date(Date.now() + 60_000)
    const started = await api.deps.triggers.startUnhandled(later, api.deps.matches, untold, () => undefined)
    expect(started).toMatchObject([{ jobId: b, isToStart: true }])
    expect(await api.deps.triggers.startUnhandled(later, api.deps.matches, untold, () => undefined)).toEqual([])
    expect(await runsOf(b)).toHaveLength(1)
  })
})

interface Run {
  readonly logicalTime?: Date
  readonly triggerType?: 'CRON' | 'BACKFILL' | 'MANUAL'
}

/** An execution is accepted, runs and ends; then whoever ended it looks what depends on it. */
async function end(
  jobId: string,
  { logicalTime = new Date(), triggerType = 'MANUAL' }: Run = {},
  status: TerminalStatus = 'COMPLETED',
  looks = true,
): Promise<void> {
  const wanted = { jobId, parameters: {}, logicalTime, triggerType, createdBy: null }
  await finish((await api.deps.executions.create(wanted)).executionId, status, looks)
}

async function finish(executionId: string, status: TerminalStatus = 'COMPLETED', looks = true): Promise<void> {
  const journal = mysqlJournal(api.database)
  const answer = await journal.admit(executionId, null)
  if (answer.kind === 'waiting') throw new Error(answer.reason)
  await journal.finish(answer.owner, { status, error: null }, 1)
  if (looks) await api.deps.triggers.startDependants(executionId, untold)
}

async function runsOf(jobId: string) {
  return (await api.deps.executions.list({ jobId, limit: 50, cursor: undefined, sort: '-createdAt' } as never)).items
}

async function save(
  letter: string,
  schedule?: Readonly<Record<string, unknown>> & { readonly on: readonly string[] },
): Promise<string> {
  const name = named(letter)
  const spec = {
    name,
    maxConcurrentRuns: 10,
    ...(schedule === undefined ? {} : { schedule: { type: 'DEPENDENCY', ...schedule, on: schedule.on.map(named) } }),
    parameters: { day: { type: 'DATE', default: '2000-01-01' } },
    nodes: [
      { id: 'numbers', source: 'generator', config: { rows: 1, columns: { n: { kind: 'SEQUENCE' } } } },
      { id: 'out', sink: 'blackhole', input: 'numbers' },
    ],
  }
  const { status, body } = await api.call('post', '/jobs').send(spec)
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body.jobId
}

function named(letter: string): string {
  return `${letter}${prefix}`
}
