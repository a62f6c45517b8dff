/** The jobs that a job waits for: by their ids, all of them there, and none that waits for it in turn. */
import type { Transaction } from 'sequelize'
import { InvalidInput } from '../../../core/errors/invalid-input.js'
import type { Problem } from '../../../core/errors/problem.js'
import type { Schedule } from '../../../core/schedule/schedule.js'
import { nearestHint } from '../../../core/spec/nearest.js'
import type { Database } from '../../database.js'
import { readable } from './readable.js'

interface Waiting {
  readonly jobId: string
  readonly settings: { readonly name: string }
}

/**
 * In the order of `on`; null: it waits for none. Every job on the way is locked against change, so that of two jobs that are
 * saved at once and would wait for each other, one sees the other.
 */
export async function resolveDependency(
  db: Database,
  transaction: Transaction,
  { jobId, settings: { name } }: Waiting,
  { dependency }: Schedule,
): Promise<readonly string[] | null> {
  if (dependency === null) return null
  const rows = await db.tables.job.findAll({
    attributes: ['jobId', 'jobName'],
    where: { jobName: [...dependency.on], isDeleted: false },
    order: [['id', 'ASC']],
    transaction,
    lock: transaction.LOCK.SHARE,
  })
  const ids = new Map(rows.map((row) => [row.get().jobName, row.get().jobId]))
  const unknown = dependency.on.flatMap((upstream, index) => (ids.has(upstream) ? [] : [{ upstream, index }]))
  if (unknown.length > 0) throw await unknownJobs(db, unknown)
  const paths = dependency.on.map((upstream, index) => ({ index, ids: [ids.get(upstream)!], names: [upstream] }))
  await refuseCycles(db, transaction, { jobId, name }, paths)
  return [...new Set(dependency.on.map((upstream) => ids.get(upstream)!))]
}

interface Path {
  /** Which of `on` it began with. */
  readonly index: number
  readonly ids: readonly string[]
  readonly names: readonly string[]
}

async function refuseCycles(
  db: Database,
  transaction: Transaction,
  job: { readonly jobId: string; readonly name: string },
  from: readonly Path[],
): Promise<void> {
  const seen = new Set<string>()
  for (let paths = from; paths.length > 0; ) {
    const closed = paths.find(({ ids }) => ids.at(-1) === job.jobId)
    if (closed !== undefined) throw cycle(job.name, closed)
    const open = paths.filter(({ ids }) => !seen.has(ids.at(-1)!))
    for (const { ids } of open) seen.add(ids.at(-1)!)
    paths = await furtherUpstream(db, transaction, open)
  }
}

async function furtherUpstream(db: Database, transaction: Transaction, paths: readonly Path[]): Promise<Path[]> {
  const lock = transaction.LOCK.SHARE
  const found = await db.tables.jobSchedule.findAll({
    where: { jobId: paths.map(({ ids }) => ids.at(-1)!), scheduleType: 'DEPENDENCY' },
    transaction,
    lock,
  })
  const schedules = found.map((stored) => readable(stored).row)
  const upstreamOf = new Map(schedules.map(({ jobId, dependencyJobIds }) => [jobId, dependencyJobIds ?? []]))
  const wanted = [...new Set([...upstreamOf.values()].flat())]
  if (wanted.length === 0) return []
  const jobs = await db.tables.job.findAll({
    attributes: ['jobId', 'jobName'],
    where: { jobId: wanted },
    order: [['id', 'ASC']],
    transaction,
    lock,
  })
  const names = new Map(jobs.map((row) => [row.get().jobId, row.get().jobName]))
  return paths.flatMap((path) =>
    (upstreamOf.get(path.ids.at(-1)!) ?? []).map((id) => ({
      index: path.index,
      ids: [...path.ids, id],
      names: [...path.names, names.get(id) ?? id],
    })),
  )
}

function cycle(name: string, { index, names }: Path): InvalidInput {
  // The last one is the job itself, perhaps under the name that it had.
  const round = [name, ...names.slice(0, -1), name].join(' → ')
  return invalid([
    problem(index, `The jobs would wait for each other: ${round}.`, 'Take one of them out of `schedule.on`.'),
  ])
}

async function unknownJobs(
  db: Database,
  unknown: readonly { readonly upstream: string; readonly index: number }[],
): Promise<InvalidInput> {
  const rows = await db.tables.job.findAll({ attributes: ['jobName'], where: { isDeleted: false }, limit: 1000 })
  const names = rows.map((row) => row.get().jobName)
  return invalid(
    unknown.map(({ upstream, index }) =>
      problem(index, `There is no job \`${upstream}\`.`, nearestHint(upstream, names) ?? 'Save that job first.'),
    ),
  )
}

function problem(index: number, message: string, hint: string): Problem {
  return { pointer: `/schedule/on/${index}`, nodeId: null, code: 'spec.invalid', message, hint }
}

function invalid(problems: readonly Problem[]): InvalidInput {
  return new InvalidInput('spec.invalid', problems[0]!.message, problems)
}

/** Whoever waits for a job would wait for ever once it is gone. The job row must be locked. */
export async function jobsWaitingFor(
  db: Database,
  transaction: Transaction,
  jobId: string,
): Promise<readonly string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT j.job_name AS name FROM etl_job_schedule s JOIN etl_job j ON j.job_id = s.job_id
      WHERE s.schedule_type = 'DEPENDENCY' AND JSON_CONTAINS(s.dependency_job_ids, JSON_QUOTE(:jobId))
      ORDER BY j.job_name`,
    { jobId },
    transaction,
  )
  return rows.map(({ name }) => name)
}
