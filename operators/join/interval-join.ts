/**
 * JOIN `within` in STREAMING: both sides are kept until the watermark says that no partner can come any more, and what has
 * found none is told then. A pair is told when the later of the two comes (as Apache Flink's interval join does).
 */
import { JobError } from '../../core/errors/job-error.js'
import { sameName } from '../../core/record/schema.js'
import { atMicros, hasTime, millisOf } from '../../duckdb/event-time.js'
import { identifier, text } from '../../duckdb/sql.js'
import { emptyRelation, list, namesOf } from '../columns.js'
import type { JoinConfig } from '../join.js'
import {
  type Changes,
  type Closing,
  type Compiled,
  type Input,
  placeIn,
  type StateTable,
  stateTable,
} from '../operator.js'
import { type Clock, clockOf } from '../state/clock.js'
import { outputColumns, type Sides } from './output-columns.js'

/** Records of the two sides are near one another in time. One without a time is near none. */
export function nearInTime({ left, right }: Sides, withinMs: number): string {
  return near(microsOf(left, '"left"'), microsOf(right, '"right"'), withinMs)
}

export function intervalJoin(settings: JoinConfig, sides: Sides, withinMs: number, nodeId: string): Compiled {
  const { type } = settings
  const clock = clockOf(nodeId)
  const isHalf = type === 'SEMI' || type === 'ANTI'
  const told = outputColumns(settings, isHalf ? { ...sides, right: { ...sides.right, schema: [] } } : sides)
  const output: Output = {
    items: told.map(({ name, value }) => `${value} AS ${identifier(name)}`).join(', '),
    names: told.map(({ name }) => name),
  }
  const states = [stateTable(nodeId, 'left'), stateTable(nodeId, 'right')] as const
  const notes = { left: notesOf(nodeId, 'left', states[0], clock), right: notesOf(nodeId, 'right', states[1], clock) }
  const base = `greatest(${states.map((state) => `(SELECT coalesce(max(${PLACE}) + 1, 0) FROM ${state})`).join(', ')}, ${clock.place})`
  const left = sideOf(sides.left, states[0], clock, base)
  const right = sideOf(sides.right, states[1], clock, base)
  const meet = (from: string, join: string, to: string) =>
    `${from} AS "left" ${join} JOIN ${to} AS "right" ON (${settings.on}) AND ${near(`"left".${AT}`, `"right".${AT}`, withinMs)}`
  const order = isHalf ? ['"left"', '"left"'] : ['"left"', '"right"']
  const pairs = (from: string, to: string) => ({ from: meet(from, isHalf ? 'SEMI' : 'INNER', to), order })
  /** Places of records that have a partner. */
  const matching = {
    left: (from: string, to: string) => `SELECT "left".${PLACE} FROM ${meet(from, 'SEMI', to)}`,
    right: (from: string, to: string) => `SELECT "right".${PLACE} FROM ${meet(to, 'INNER', from)}`,
  }
  const marksRight = type === 'RIGHT' || type === 'FULL'
  const marksLeft = type === 'LEFT' || type === 'FULL'
  return {
    each: type === 'ANTI' ? null : inOrder([pairs(left.fresh, right.state), pairs(left.state, right.fresh)], output),
    late: `${left.late} UNION ALL ${right.late}`,
    absorb: [
      ...notes.left.create,
      ...notes.right.create,
      ...(isHalf ? notes.left.remove(matching.left(left.state, right.fresh)) : []),
      ...(marksLeft ? notes.left.mark(matching.left(left.state, right.fresh)) : []),
      ...(marksRight ? notes.right.mark(matching.right(right.state, left.fresh)) : []),
      isHalf || marksLeft ? keep(left, matching.left(left.fresh, right.state), isHalf) : keepAll(left),
      marksRight ? keep(right, matching.right(right.fresh, left.state), false) : keepAll(right),
    ],
    close: (watermark) => {
      const gone = goneAt(watermark, withinMs)
      const noted = [notes.left, notes.right].flatMap(({ create, close }) => [...create, ...close(gone ?? 'false')])
      if (gone === null) return { emit: null, after: [...noted, tick(null, clock, base)] }
      const lonely = (side: Side, name: string, other: string, of: Input) => ({
        from: `(SELECT * FROM ${side.state} WHERE NOT ${MATCHED} AND ${gone}) AS ${name} LEFT JOIN ${emptyRelation(of.schema)} AS ${other} ON true`,
        order: [name, name],
      })
      const unmatched = [
        ...(marksLeft || type === 'ANTI' ? [lonely(left, '"left"', '"right"', right.input)] : []),
        ...(marksRight ? [lonely(right, '"right"', '"left"', left.input)] : []),
      ]
      return {
        emit: unmatched.length === 0 ? null : inOrder(unmatched, output),
        after: [...noted, tick(watermark, clock, base), ...states.map((state) => `DELETE FROM ${state} WHERE ${gone}`)],
      } satisfies Closing
    },
    state: [clock.state, stateOf('left', left, notes.left), stateOf('right', right, notes.right)],
    accounting: { absorbed: `SELECT (SELECT count(*) FROM ${left.fresh}) + (SELECT count(*) FROM ${right.fresh})` },
  }
}

/** Columns of what is kept, besides those of the record: when, in which order, and whether a partner has come. */
const kept = { at: 'join at', place: 'join place', matched: 'join matched' }
const [AT, PLACE, MATCHED] = [identifier(kept.at), identifier(kept.place), identifier(kept.matched)]

interface Output {
  readonly items: string
  readonly names: readonly string[]
}

interface Side {
  readonly input: Input
  readonly state: string
  /** Records of the batch that are not late. */
  readonly fresh: string
  /** SELECT of the others: which side, and the record. */
  readonly late: string
}

function sideOf(input: Input, state: string, clock: Clock, base: string): Side {
  if (input.met === null) throw noWatermark(input)
  const names = list(namesOf(input.schema))
  const timed = `(SELECT rowid, ${names}, ${microsOf(input)} AS ${AT}, ${input.met} FROM ${input.table})`
  const isLate = `coalesce(${millisOf(AT)} < greatest(${input.met}, ${clock.at}), false)`
  const fields = namesOf(input.schema).map((name) => `${text(name)}: ${identifier(name)}`)
  return {
    input,
    state,
    fresh: `(SELECT ${names}, ${AT}, ${base} + ${placeIn(input)} AS ${PLACE} FROM ${timed} WHERE NOT ${isLate})`,
    late: `SELECT ${text(input.port)} AS side, to_json({${fields.join(', ')}}) AS record FROM ${timed} WHERE ${isLate}`,
  }
}

const near = (left: string, right: string, withinMs: number) => `abs(${left} - ${right}) <= ${withinMs * 1000}`

/** NULL: the record has no time. `of`: the alias of its table. */
function microsOf({ port, schema, time }: Input, of?: string): string {
  const column = schema.find(({ name }) => time !== null && sameName(name, time))
  if (column === undefined) {
    const hint = 'Name it with `watermark`, at the source or at a MAP before.'
    throw new JobError('spec.invalid', `JOIN \`within\` needs event time, and none reaches its ${port} side.`, { hint })
  }
  const timed = of === undefined ? column : { ...column, of }
  return `CASE WHEN ${hasTime(timed)} THEN ${atMicros(timed)} END`
}

function noWatermark({ port }: Input): JobError {
  const message = `JOIN \`within\` in STREAMING needs a watermark, and none reaches its ${port} side.`
  const hint =
    'Name the watermark on a MAP right before: only FILTER, MAP, FLATMAP, UNION, JOIN and DEDUPLICATE of the FIRST keep it.'
  return new JobError('spec.invalid', message, { hint })
}

/** In the order of the first place, then of the second: of the tables that `order` names. */
function inOrder(
  parts: readonly { readonly from: string; readonly order: readonly string[] }[],
  output: Output,
): string {
  const selects = parts.map(({ from, order }, index) => {
    const places = order.map((table, at) => `${table}.${PLACE} AS "join place ${at}"`)
    return `SELECT ${output.items}, ${index} AS "join part", ${places.join(', ')} FROM ${from}`
  })
  return `SELECT ${list(output.names)} FROM (${selects.join(' UNION ALL ')}) ORDER BY "join part", "join place 0", "join place 1"`
}

/** Which rows of a side an epoch has marked, and which it has lost: a checkpoint holds these and the new ones. */
interface Notes {
  readonly create: readonly string[]
  /** `places`: SELECT of those whose rows have a partner. */
  readonly mark: (places: string) => string[]
  readonly remove: (places: string) => string[]
  /** While the clock stands as it did. `gone`: a condition over rows that the state is about to lose. */
  readonly close: (gone: string) => string[]
  readonly changes: Changes
}

function notesOf(nodeId: string, side: string, state: string, clock: Clock): Notes {
  const [marked, removed, changed, gone] = ['marked', 'removed', 'changed', 'gone'].map((name) =>
    stateTable(nodeId, `${side} ${name}`),
  ) as [string, string, string, string]
  const isOld = `${PLACE} < ${clock.place}`
  return {
    create: [marked, removed].map((table) => `CREATE TABLE IF NOT EXISTS ${table} (${PLACE} BIGINT)`),
    mark: (places) => [
      `INSERT INTO ${marked} SELECT ${PLACE} FROM ${state} WHERE NOT ${MATCHED} AND ${PLACE} IN (${places})`,
      `UPDATE ${state} SET ${MATCHED} = true WHERE NOT ${MATCHED} AND ${PLACE} IN (FROM ${marked})`,
    ],
    remove: (places) => [
      `INSERT INTO ${removed} ${places}`,
      `DELETE FROM ${state} WHERE ${PLACE} IN (FROM ${removed})`,
    ],
    close: (condition) => [
      `CREATE OR REPLACE TABLE ${gone} AS SELECT ${PLACE} FROM ${removed} WHERE ${isOld}
        UNION ALL SELECT ${PLACE} FROM ${state} WHERE ${isOld} AND ${condition}`,
      `CREATE OR REPLACE TABLE ${changed} AS SELECT * FROM ${state}
        WHERE (NOT ${isOld} OR ${PLACE} IN (FROM ${marked})) AND NOT coalesce(${condition}, false)`,
      `DELETE FROM ${marked}; DELETE FROM ${removed}`,
    ],
    changes: { by: [kept.place], set: `SELECT * FROM ${changed}`, gone: `SELECT * FROM ${gone}` },
  }
}

const keepAll = ({ state, fresh }: Side) => `INSERT INTO ${state} SELECT *, false FROM ${fresh}`

/** Marked where they have a partner already, or only those that have none. */
function keep({ state, fresh }: Side, matching: string, unmatchedOnly: boolean): string {
  const rows = `SELECT *, ${PLACE} IN (${matching}) AS ${MATCHED} FROM ${fresh}`
  return `INSERT INTO ${state} ${unmatchedOnly ? `SELECT * FROM (${rows}) WHERE NOT ${MATCHED}` : rows}`
}

/** Of kept records: whatever comes from now on is further than `within` after them; null: nothing is known yet. */
function goneAt(watermark: number | null, withinMs: number): string | null {
  if (watermark === null) return null
  if (watermark === Number.POSITIVE_INFINITY) return 'true'
  return `(${AT} IS NULL OR ${AT} + ${withinMs * 1000} < ${watermark * 1000})`
}

/** After every epoch: what it has added is no news to the next one. */
function tick(watermark: number | null, { state, at }: Clock, base: string): string {
  const isKnown = watermark !== null && watermark !== Number.POSITIVE_INFINITY
  const now = isKnown ? `greatest(${at}, ${watermark})` : at
  return `CREATE OR REPLACE TABLE ${state.table} AS SELECT CAST(${now} AS BIGINT) AS watermark, CAST(${base} AS BIGINT) AS place`
}

function stateOf(name: 'left' | 'right', { state, input }: Side, { changes }: Notes): StateTable {
  const schema = [
    ...input.schema,
    { name: kept.at, type: 'BIGINT' },
    { name: kept.place, type: 'BIGINT' },
    { name: kept.matched, type: 'BOOLEAN' },
  ]
  const create = `CREATE TABLE ${state} AS SELECT * FROM ${emptyRelation(schema)}`
  const key = namesOf(input.schema).map((column) => ({ column, of: column }))
  return { name, type: 'MAP', table: state, create, changes, key, port: name, place: kept.place }
}
