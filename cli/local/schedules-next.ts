/** `etl schedules next`: when a cron expression comes true next, without a server. */
import { JobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { describeCron } from '../../core/schedule/describe-cron.js'
import { nextTimes } from '../../core/schedule/next-times.js'
import { parseCron } from '../../core/schedule/parse-cron.js'
import { openZone } from '../../core/schedule/zone.js'
import { zoneHint } from '../../core/schedule/zone-names.js'
import { FIRST_MS, LAST_MS } from '../../core/spec/schema.js'
import type { Context } from '../command.js'
import { FailedWithProblems } from '../failure.js'
import { table } from '../output.js'

interface Options {
  readonly expression: string
  readonly timezone: string
  readonly from?: string
  readonly count: string
}

const MOST = 1000
/** As Quartz does: whatever has not come true by then never will. */
const YEARS_AHEAD = 100

export async function schedulesNextCommand({ output }: Context, options: Options): Promise<void> {
  const count = countOf(options.count)
  const from = options.from === undefined ? Date.now() : momentOf(options.from)
  const { cron, zone } = readSchedule(options)
  const lastYear = new Date().getFullYear() + YEARS_AHEAD
  const times = nextTimes(cron, zone, { from, count, lastYear })
  const next = times.map((time) => inUtc(time))
  const description = describeCron(cron)
  output.result({ next, description }, () => {
    if (next.length === 0) return `${description}\nNot once more up to the year ${lastYear}.`
    const shown = times.map((time) =>
      inUtc(time + zone.offsetAt(time))
        .replace('Z', '')
        .replace('T', ' '),
    )
    const rows = next.map((time, index) => [time, shown[index]])
    return `${description}\n\n${table(['next', options.timezone], rows)}`
  })
}

function readSchedule({ expression, timezone }: Options) {
  const problem = (pointer: string, message: string, hint: string | null): Problem => ({
    pointer,
    nodeId: null,
    code: 'usage.invalid',
    message,
    hint,
  })
  const parsed = parseCron(expression)
  const zone = openZone(timezone)
  if (parsed.ok && zone !== null) return { cron: parsed.cron, zone }
  const problems = [
    ...(parsed.ok ? [] : parsed.problems).map(({ field, message, hint }) => ({
      ...problem('/expression', message, hint),
      field,
    })),
    ...(zone === null ? [problem('/timezone', `There is no time zone \`${timezone}\`.`, zoneHint(timezone))] : []),
  ]
  const wrong = parsed.ok ? `--timezone ${timezone}` : `--expression '${expression}'`
  throw new FailedWithProblems('usage.invalid', `${wrong} is not valid`, problems)
}

function countOf(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= MOST) return count
  throw new JobError('usage.invalid', `--count ${text} is not a number from 1 to ${MOST}`)
}

function momentOf(text: string): number {
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i
  const day = Date.parse(text.slice(0, 10))
  const moment = shape.test(text) ? Date.parse(text) : Number.NaN
  // `Date` takes 30 February for 2 March.
  if (!Number.isNaN(moment) && new Date(day).toISOString().startsWith(text.slice(0, 10))) {
    if (moment >= FIRST_MS && moment < LAST_MS) return moment
    throw new JobError('usage.invalid', `--from ${text} is not between 1970 and 2199`)
  }
  const hint = 'Write date, time and offset: 2026-01-01T00:00:00Z, or 2026-01-01T00:00:00+01:00.'
  throw new JobError('usage.invalid', `--from ${text} is not a moment`, { hint })
}

/** Times of cron have no fractions of a second. */
function inUtc(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z')
}
