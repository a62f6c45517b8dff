/** A STREAMING job for half an hour: kills at random, a rescale, an upgrade; and in the end every record is accounted for. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { ExecutionReport } from '../../core/execution/report.js'
import { etl } from '../support/feed.js'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'
import { type Feed, feed, users } from './events.js'
import { expectedTables, regionOf } from './expected.js'
import { soakJob, tableQueries } from './job.js'

const minutes = Number(process.env.ETL_SOAK_MINUTES ?? 30)
const kills = Number(process.env.ETL_SOAK_KILLS ?? 200)
const eventsPerSecond = Number(process.env.ETL_SOAK_RATE ?? 1000)
const seed = Number(process.env.ETL_SOAK_SEED ?? Date.now() % 1_000_000)

const lastMs = minutes * 60_000

test(
  `${minutes} minutes with ${kills} kills lose nothing and double nothing (seed ${seed})`,
  async () => {
    await withSoak(async (soak) => {
      const { stack, events } = soak
      const started = Date.now()
      const isOver = () => Date.now() - started >= lastMs
      const feeding = feedFiles(soak, isOver)
      const killing = killWorkers(soak, isOver)
      await apply(soak, { parallelism: 1, filtered: false })
      await sleep(lastMs / 3)
      await apply(soak, { parallelism: 3, filtered: false })
      await sleep(lastMs / 3)
      await apply(soak, { parallelism: 2, filtered: true })
      await feeding
      console.info(`${events.made.length} events, ${await killing} kills of a worker`)
      await allArrived(soak)
      const { executionId } = await newest(stack)
      await until('it is drained', () => etl(stack, ['savepoint', executionId, '--stop', '--drain', '--json']), {
        withinMs: 300_000,
      })
      expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'COMPLETED', error: null })

      const expected = expectedTables(events.made)
      for (const [table, query] of Object.entries(tableQueries)) {
        const rows = await rowsOf(soak.target, query)
        expect([table, rows.length]).toEqual([table, expected[table]!.length])
        expect([table, rows]).toEqual([table, expected[table]])
      }
      const executions = await all(stack)
      console.info(`${executions.length} executions, ${sum(executions.map(({ epochs }) => epochs))} epochs`)
      const read = sum(executions.map(({ records }) => records.read))
      const failed = sum(executions.map(({ records }) => records.failed))
      expect({ read, failed }).toEqual({ read: soak.lines(), failed: 0 })
    })
  },
  2 * lastMs + 900_000,
)

interface Soak {
  readonly stack: Stack
  readonly target: string
  readonly events: Feed
  /** Lines of all files so far. */
  lines(): number
  put(): Promise<void>
}

async function withSoak(run: (soak: Soak) => Promise<void>): Promise<void> {
  const fast = { ETL_HEARTBEAT_TIMEOUT: '2s' }
  await withMigratedDatabase(async (catalogue) => {
    await withDatabase(async (target) => {
      await withStack(
        { mysql: catalogue, temporal: temporalAddress() },
        async (stack) => {
          await stack.startWorker()
          const names = Array.from({ length: users }, (_, user) => `${user},${regionOf(user)}`)
          await writeFile(join(stack.files, 'users.csv'), `user,region\n${names.join('\n')}\n`)
          const events = feed(seed, eventsPerSecond)
          let files = 0
          let lines = 0
          const put = async () => {
            const text = events.next(eventsPerSecond)
            const name = `events-${String(files++).padStart(6, '0')}.jsonl`
            await writeFile(join(stack.files, `.${name}`), text)
            await rename(join(stack.files, `.${name}`), join(stack.files, name))
            lines += text.split('\n').length - 1
          }
          await put()
          await run({ stack, target, events, put, lines: () => lines })
        },
        fast,
      )
    })
  })
}

async function feedFiles({ put }: Soak, isOver: () => boolean): Promise<void> {
  for (let due = Date.now(); !isOver(); due += 1000) {
    await put()
    await sleep(Math.max(0, due + 1000 - Date.now()))
  }
}

/** Of two workers, one at a time; answers how many. */
async function killWorkers({ stack }: Soak, isOver: () => boolean): Promise<number> {
  let killed = 0
  while (!isOver() && killed < kills) {
    await sleep((lastMs / kills) * (0.5 + Math.random()) * 0.95)
    if (isOver()) break
    await stack.killWorker()
    killed += 1
    await stack.startWorker()
  }
  return killed
}

/** A first version is submitted, a later one takes the state of the one before. */
async function apply({ stack, target }: Soak, version: Parameters<typeof soakJob>[1]): Promise<void> {
  const file = join(stack.logs, 'soak.json')
  await writeFile(file, JSON.stringify(soakJob(target, version)))
  const isFirst = (await all(stack)).length === 0
  if (isFirst) await etl(stack, ['submit', file, '--json'])
  // A worker may be killed in the midst of it: it is asked again, as a person would.
  else
    await until('the new version runs', () => etl(stack, ['apply', file, '--keep-state', '--json']), {
      withinMs: 300_000,
    })
}

/** As long as it takes, if only more of them keep coming. */
async function allArrived({ target, events }: Soak): Promise<void> {
  const arrived = async () => Number((await rowsOf(target, 'SELECT count(*) FROM seen').catch(() => []))[0]?.[0] ?? 0)
  for (let known = await arrived(); known < events.made.length; )
    known = await until(
      `more than ${known} of ${events.made.length} events have arrived`,
      async () => {
        const now = await arrived()
        return now > known && now
      },
      { withinMs: 300_000, everyMs: 1000 },
    )
}

async function all(stack: Stack): Promise<readonly ExecutionReport[]> {
  const { body } = await stack.request<{ items: { executionId: string }[] }>('GET', '/api/v1/executions?limit=100')
  return await Promise.all(body.items.map(({ executionId }) => stack.execution(executionId)))
}

async function newest(stack: Stack): Promise<{ readonly executionId: string }> {
  const { body } = await stack.request<{ items: { executionId: string }[] }>('GET', '/api/v1/executions?limit=1')
  return body.items[0]!
}

async function rowsOf(url: string, sql: string): Promise<string[][]> {
  const rows = (await onServer(url, sql)) as Record<string, unknown>[]
  return rows.map((row) => Object.values(row).map(String))
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
