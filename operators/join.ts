import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import { comparedOn } from '../duckdb/conditions.js'
import { identifier, text } from '../duckdb/sql.js'
import { emptyRelation, findColumn, namesOf, sameName } from './columns.js'
import { attempt, failingValues } from './failing.js'
import { type Compiled, defineOperator, type Input, keepingMet, stateTable } from './operator.js'

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
    strategy: z
      .enum(['BROADCAST', 'HASH'])
      .optional()
      .describe(
        'BROADCAST: every subtask holds the whole right side. HASH: both sides are split by the columns that `on` compares.',
      ),
  })
  .meta({ title: 'Join', description: 'The right side is read to its end first, and kept.' })

type Config = z.infer<typeof config>

export const join = defineOperator<Config>({
  type: 'JOIN',
  summary: 'Puts the records of two inputs together where a condition holds.',
  config,
  ports: [
    { name: 'left', byName: true },
    { name: 'right', blocking: true },
  ],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: ({ type }) => !tellsUnmatchedRight(type),
  key: ({ on, strategy, type }) => {
    if (strategy === 'BROADCAST') return null
    if (strategy === undefined && !tellsUnmatchedRight(type)) return null
    return equalColumns(on) ?? { left: [], right: [] }
  },
  compile: async (settings, inputs, { nodeId }) => {
    checkStrategy(settings)
    const [left, right] = ['left', 'right'].map((port) => inputs.find((input) => input.port === port))
    const sides: Sides = { left: left!, right: right! }
    const { type } = settings
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
      ? { ...joined, ...unmatchedRight(settings, sides, items, nodeId) }
      : joined
  },
})

/** With the right side in every subtask, each would tell of the same right records. */
const tellsUnmatchedRight = (type: Config['type']) => type === 'RIGHT' || type === 'FULL'

function checkStrategy({ type, on, strategy }: Config): void {
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

interface Sides {
  readonly left: Input
  readonly right: Input
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

/** Right records that found a partner are remembered by place; the others follow at the end. */
function unmatchedRight(
  { on }: Config,
  { left, right }: Sides,
  items: string,
  nodeId: string,
): Omit<Compiled, 'each' | 'accounting'> {
  const matched = stateTable(nodeId, 'matched')
  return {
    absorb: [
      `INSERT INTO ${matched} SELECT "right".rowid FROM ${right.table} AS "right" SEMI JOIN ${left.table} AS "left" ON (${on})
       WHERE "right".rowid NOT IN (SELECT place FROM ${matched})`,
    ],
    end: `SELECT ${left.met === null ? items : `${items}, CAST(NULL AS BIGINT) AS ${left.met}`} FROM ${right.table} AS "right" LEFT JOIN ${emptyRelation(left.schema)} AS "left" ON true
      WHERE "right".rowid NOT IN (SELECT place FROM ${matched}) ORDER BY "right".rowid`,
    state: [
      {
        name: 'matched',
        type: 'LIST',
        table: matched,
        create: `CREATE TABLE ${matched} (place BIGINT NOT NULL)`,
        grows: true,
      },
    ],
  }
}

interface OutputColumn {
  readonly name: string
  readonly value: string
}

function outputColumns({ select }: Config, sides: Sides): OutputColumn[] {
  const columns = Array.isArray(select)
    ? select.flatMap((item) => namedColumns(item, sides))
    : Object.entries(select ?? { '*': '*' }).flatMap(([name, value]) =>
        name === '*' ? namedColumns(value!, sides) : [{ name, value: `(${value})` }],
      )
  // A map says what it means: `{"*": "left.*", state: …}` gives `state` another value.
  const plain =
    select !== undefined && !Array.isArray(select)
      ? columns.filter((column, at) => !isReplaced(column, at, columns))
      : columns
  for (const [at, { name }] of plain.entries()) {
    if (plain.findIndex((other) => sameName(other.name, name)) !== at) throw ambiguous(name)
  }
  return plain
}

function isReplaced(column: OutputColumn, at: number, columns: readonly OutputColumn[]): boolean {
  return (
    !column.value.startsWith('(') &&
    columns.some((other, place) => place > at && other.value.startsWith('(') && sameName(other.name, column.name))
  )
}

function ambiguous(name: string): JobError {
  return new JobError('sql.invalid', `Both sides have a column \`${name}\`.`, {
    hint: `Say with \`select\` which to keep, such as {"*": "left.*", "right_${name}": "right.${name}"}.`,
  })
}

/** `left.*`, `right.name`, or a name that only one side has. */
function namedColumns(item: string, sides: Sides): OutputColumn[] {
  if (item === '*') return [...namedColumns('left.*', sides), ...namedColumns('right.*', sides)]
  const [, side, name = item] = /^(left|right)\.(.+)$/is.exec(item) ?? []
  if (side === undefined) return [ofEitherSide(name, sides)]
  const port = side.toLowerCase() as 'left' | 'right'
  const columns = namesOf(sides[port].schema)
  const chosen = name === '*' ? columns : [findColumn(columns, name)]
  return chosen.map((column) => ({ name: column, value: `"${port}".${identifier(column)}` }))
}

function ofEitherSide(name: string, { left, right }: Sides): OutputColumn {
  const has = (input: Input) => namesOf(input.schema).some((column) => sameName(column, name))
  if (has(left) && has(right)) throw ambiguous(name)
  const column = findColumn([...namesOf(left.schema), ...namesOf(right.schema)], name)
  return { name: column, value: `${has(left) ? '"left"' : '"right"'}.${identifier(column)}` }
}

const SIDE = String.raw`"?(left|right)"?\s*\.\s*(?:([A-Za-z_]\w*)|"((?:[^"]|"")+)")`
const EQUALITY = new RegExp(String.raw`^\(*\s*${SIDE}\s*=\s*${SIDE}\s*\)*$`, 'i')

/** The columns that `on` compares, if it is nothing but equalities: by these both sides can be split. */
function equalColumns(on: string): Readonly<Record<string, readonly string[]>> | null {
  const keys: { left: string[]; right: string[] } = { left: [], right: [] }
  for (const part of on.split(/\s+and\s+/i)) {
    const [, side = '', plain, quoted, otherSide = '', otherPlain, otherQuoted] = EQUALITY.exec(part.trim()) ?? []
    const [first, second] = [side.toLowerCase(), otherSide.toLowerCase()]
    if (first === second || first === '') return null
    keys[first as 'left' | 'right'].push(plain ?? quoted!.replaceAll('""', '"'))
    keys[second as 'left' | 'right'].push(otherPlain ?? otherQuoted!.replaceAll('""', '"'))
  }
  return keys
}
