/** Schedules and backfills. */
import { JobError } from '../../core/errors/job-error.js'
import type { Context } from '../command.js'
import type { Add, Load } from './add.js'

export function addSchedules(add: Add): void {
  const commands = () => import('../command/schedules.js')
  const schedules = add('schedules', 'Schedules of jobs.', 'etl schedules list', async () => async () => {
    throw new JobError(
      'usage.invalid',
      'Say what: list, show, pause, resume, trigger, backfill, backfills, pause-backfill, resume-backfill, cancel-backfill or next',
    )
  })
  add(
    'list',
    'Schedules, and when each fires next.',
    'etl schedules list',
    async () => (await commands()).list,
    schedules,
  ).option('--type <type>', 'CRON, DEPENDENCY, EVENT or IMMEDIATE')
  const ofJob = (verb: string, summary: string, load: Load) =>
    add(`${verb} <job>`, summary, `etl schedules ${verb} nightly-report`, load, schedules)
  ofJob('show', 'How the schedule of a job stands.', async () => (await commands()).show)
  ofJob('pause', 'It starts nothing until it goes on.', async () => (await commands()).pause)
  ofJob('resume', 'It goes on; what passed is made up for as its catchUp says.', async () => (await commands()).resume)
  ofJob('trigger', 'Starts the job now, as its schedule would.', async () => (await commands()).trigger).option(
    '--watch',
    'follow it to its end',
  )
  add(
    'backfill <job>',
    'Starts an execution for each time of a range that has passed.',
    'etl schedules backfill daily-sales --from 2026-01-01T00:00:00Z --to 2026-01-31T00:00:00Z --dry-run',
    async () => (await commands()).backfill,
    schedules,
  )
    .requiredOption('--from <time>', 'times at or after it')
    .requiredOption('--to <time>', 'times at or before it')
    .option('--concurrency <count>', 'how many at once', '1')
    .option('--reprocess <which>', 'MISSING, FAILED or ALL', 'MISSING')
    .option('--dry-run', 'only say what would run')
  ofJob('backfills', 'Backfills of a job, and how far they have come.', async () => (await commands()).backfills)
  add(
    'pause-backfill <backfill>',
    'Starts no more of it until it goes on.',
    'etl schedules pause-backfill 6f1c…',
    async () => (await commands()).pauseBackfill,
    schedules,
  )
  add(
    'resume-backfill <backfill>',
    'It goes on where it was paused.',
    'etl schedules resume-backfill 6f1c…',
    async () => (await commands()).resumeBackfill,
    schedules,
  )
  add(
    'cancel-backfill <backfill>',
    'Starts no more of it, and cancels what runs.',
    'etl schedules cancel-backfill 6f1c…',
    async () => (await commands()).cancelBackfill,
    schedules,
  )
  add(
    'next [job]',
    'When a job or, without a server, a cron expression comes true next.',
    "etl schedules next --expression '0 0 5 ? * MON-FRI' --timezone Europe/Berlin",
    async () => {
      const { schedulesNextCommand } = await import('../local/schedules-next.js')
      const { next } = await commands()
      return async (context: Context, job: string | undefined, options: NextOptions) => {
        if (job !== undefined) return await next(context, job, options)
        if (options.expression !== undefined)
          return await schedulesNextCommand(context, { ...options, expression: options.expression })
        throw new JobError('usage.invalid', 'Say a job, or --expression')
      }
    },
    schedules,
  )
    .option('--expression <cron>', 'Quartz (6 or 7 fields, seconds first) or Unix (5 fields, or @daily and the like)')
    .option('--timezone <zone>', 'time zone of the calendar', 'UTC')
    .option('--from <time>', 'times after it, such as 2026-01-01T00:00:00Z; without it, after now')
    .option('--count <count>', 'how many', '10')
}

interface NextOptions {
  readonly expression?: string
  readonly timezone: string
  readonly from?: string
  readonly count: string
}
