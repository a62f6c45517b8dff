import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import { parseDuration } from '../core/spec/duration.js'
import { comparedOn } from '../duckdb/conditions.js'
import { identifier, text } from '../duckdb/sql.js'
import { duration } from './config.js'
import { attempt, failingValues } from './failing.js'
import { equalColumns } from './join/equal-columns.js'
import { intervalJoin, nearInTime } from './join/interval-join.js'
import { type OutputColumn, outputColumns, type Sides } from './join/output-columns.js'
import { unmatchedRight } from './join/unmatched-right.js'
import { type Compiled, defineOperator, type Input, keepingMet, type Setting } from './operator.js'

const config = z
  .strictObject({
    type: z
      .enum(['INNER', 'LEFT', 'RIGHT', 'FULL', 'SEMI', 'ANTI'])
      .default('INNER')
      .describe('Which records without a partner stay. SEMI, ANTI: left records with, without a partner.'),
    on: sql('CONDITION', 'When two records belong together, over `left.column` and `right.column`.'),
    select: z
      .union([
        z.array(z.string().min(1)).min(1).describe('Columns: `left.name`, `right.name`, `left.*`, `right.*`.'),
        z
          .object({
            '*': z
              .enum(['*', 'left.*', 'right.*'])
              .optional()
              .describe('All columns of one side, or of both, before the others.'),
          })
          .catchall(sql('VALUE', 'The value, over `left.column` and `right.column`.')),
      ])
      .optional()
      .describe('Columns of the output; without it, all of both sides.'),
    within: duration('Only records whose event times are at most so far apart belong together.').optional(),
    strategy: z
      .enum(['BROADCAST', 'HASH'])
      .optional()
      .describe(
        'BROADCAST: every subtask holds the whole right side. HASH: both sides are split by the columns that `on` compares.',
      ),
  })
  .meta({
    title: 'Join',
    description: [
      'The right side is read to its end first, and kept; in STREAMING it must have an end, and RIGHT and FULL need `within`.',
      'With `within`, which needs event time on both sides, STREAMING reads both side by side: each record is kept until the watermark says that no partner can come, and told alone then, where `type` says so.',
      'A record older than the watermark is late: dropped, and counted so. What leaves has no event time; name it again on a MAP after.',
    ].join(' '),
  })

export type JoinConfig = z.infer<typeof config>
type Config = JoinConfig

export const join = defineOperator<Config>({
  type: 'JOIN',
  summary: 'Puts the records of two inputs together where a condition holds.',
  config,
  ports: [
    { name: 'left', byName: true },
    { name: 'right', blocking: ({ within }, mode) => mode === 'BATCH' || within === undefined },
  ],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: ({ type, within }) => !tellsUnmatchedRight(type) && within === undefined,
  key: ({ on, strategy, type, within }, mode) => {
    if (mode === 'STREAMING' && within !== undefined) return equalColumns(on) ?? { left: [], right: [] }
    if (strategy === 'BROADCAST') return null
    if (strategy === undefined && !tellsUnmatchedRight(type)) return null
    return equalColumns(on) ?? { left: [], right: [] }
  },
  compile: async (given, inputs, { nodeId, mode }) => {
    checkStrategy(given, mode)
    const [left, right] = ['left', 'right'].map((port) => inputs.find((input) => input.port === port))
    const sides: Sides = { left: left!, right: right! }
    const { type, within } = given
    const withinMs = within === undefined ? null : parseDuration(within)!
    if (withinMs !== null && mode === 'STREAMING') return intervalJoin(given, sides, withinMs, nodeId)
    const settings = withNearness(given, sides)
    if (type === 'SEMI' || type === 'ANTI') return halfJoin(settings, sides)
    const values = outputColumns(settings, sides)
    const items = values.map(({ name, value }) => `${value} AS ${identifier(name)}`).join(', ')
    const kept = type === 'LEFT' || type === 'FULL' ? 'LEFT' : 'INNER'
    const pairs = (join: string) =>
      `${left!.table} AS "left" ${join} JOIN ${right!.table} AS "right" ON (${settings.on})`
    const joined: Compiled = {
      each: `SELECT ${keepingMet(left!, [items], '"left"').join(', ')} FROM ${pairs(kept)} ORDER BY "left".rowid, "right".rowid`,
      origins: `SELECT ${placeOfLeft(left!)} FROM ${pairs(kept)} ORDER BY "left".rowid`,
      ...(await failingPairs(settings, sides, kept, values)),
      accounting: kept === 'LEFT' ? 'FANS_OUT' : { passed: `SELECT count(*) FROM ${pairs('SEMI')}` },
    }
    return type === 'RIGHT' || type === 'FULL'
      ? { ...joined, ...unmatchedRight(given, settings.on, sides, items, nodeId) }
      : joined
  },
})

/** With the right side in every subtask, each would tell of the same right records. */
const tellsUnmatchedRight = (type: Config['type']) => type === 'RIGHT' || type === 'FULL'

function checkStrategy({ type, on, strategy, within }: Config, mode: Setting['mode']): void {
  if (strategy === 'BROADCAST' && within !== undefined && mode === 'STREAMING') {
    throw new JobError('config.invalid', 'A join `within` a time cannot be BROADCAST in STREAMING: both sides go on.', {
      pointer: '/strategy',
      hint: 'Use HASH, or leave `strategy` out.',
    })
  }
  if (strategy === 'BROADCAST' && tellsUnmatchedRight(type)) {
    throw new JobError('config.invalid', `A ${type} join cannot be BROADCAST.`, {
      hint: 'Use HASH, or leave `strategy` out.',
    })
  }
  if (strategy === 'HASH' && equalColumns(on) === null) {
    throw new JobError('config.invalid', 'HASH needs an `on` of equalities only, such as `left.a = right.b`.', {
      hint: 'Use BROADCAST, or leave `strategy` out.',
    })
  }
}

/** BATCH has no watermark: nearness in time is a part of the condition. */
function withNearness(given: Config, sides: Sides): Config {
  if (given.within === undefined) return given
  return { ...given, on: `(${given.on}) AND ${nearInTime(sides, parseDuration(given.within)!)}` }
}

async function halfJoin(settings: Config, { left, right }: Sides): Promise<Compiled> {
  const values = outputColumns(settings, { left, right: { ...right, schema: [] } })
  const items = values.map(({ name, value }) => `${value} AS ${identifier(name)}`).join(', ')
  const kept = `${left.table} AS "left" ${settings.type} JOIN ${right.table} AS "right" ON (${settings.on})`
  return {
    each: `SELECT ${keepingMet(left, [items], '"left"').join(', ')} FROM ${kept} ORDER BY "left".rowid`,
    origins: `SELECT ${placeOfLeft(left)} FROM ${kept} ORDER BY "left".rowid`,
    ...(await failingPairs(settings, { left, right }, settings.type, values)),
    accounting: 'FILTERS',
  }
}

const placeOfLeft = ({ table }: Input) => `"left".rowid - (SELECT min(rowid) FROM ${table})`

/** Left records whose keys, or whose pairs, cannot be computed; where something else fails, the trial finds them. */
async function failingPairs(
  { on }: Config,
  { left, right }: Sides,
  join: string,
  columns: readonly OutputColumn[],
): Promise<{ readonly failing?: string }> {
  const keys = await comparedOn(on, 'left')
  const computed = columns.filter(({ value }) => value.startsWith('('))
  const failing: string[] = []
  if (keys.length > 0) {
    const values = keys.map((expression) => ({ expression, what: `The key cannot be computed: ${expression}` }))
    failing.push(failingValues(`${left.table} AS "left"`, values))
  }
  if (computed.length > 0) {
    const good = ['true', ...keys.map((key) => `${attempt(key)} IS NOT NULL`)].join(' AND ')
    const faults = computed.map(
      ({ name, value }) => `WHEN ${attempt(value)} IS NULL THEN ${text(`\`${name}\` cannot be computed: ${value}`)}`,
    )
    failing.push(`SELECT "the place", min(fault) FROM (
        SELECT "left"."the place", CASE ${faults.join(' ')} END AS fault
        FROM (SELECT *, rowid AS "the place" FROM ${left.table} AS "left" WHERE ${good}) AS "left"
        ${join} JOIN ${right.table} AS "right" ON (${on}))
      WHERE fault IS NOT NULL GROUP BY "the place"`)
  }
  return failing.length === 0 ? {} : { failing: failing.map((one) => `(${one})`).join(' UNION ALL ') }
}
