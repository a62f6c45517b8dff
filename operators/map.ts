import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import { sameName } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import { findColumn, list, namesOf } from './columns.js'
import { columnName, columnNames, columnType } from './config.js'
import { failingMap } from './map/failing-map.js'
import { defineOperator, keepingMet } from './operator.js'

const config = z
  .strictObject({
    set: z
      .record(z.string().min(1), sql('VALUE', 'The value, over the columns of the input.'))
      .optional()
      .describe('Columns to add, or to give another value. All see the values of the input.'),
    select: z
      .union([
        columnNames('Columns to keep, in this order.').min(1),
        z
          .record(z.string().min(1), sql('VALUE', 'The value, over the columns so far.'))
          .describe('All columns of the output, by name.'),
      ])
      .optional()
      .describe('Which columns to keep: a list of names, or expressions by name.'),
    drop: columnNames('Columns to leave out.').optional(),
    rename: z.record(z.string().min(1), columnName('The new name.')).optional().describe('New names, by old name.'),
    cast: z
      .record(z.string().min(1), columnType('The new type.'))
      .optional()
      .describe('New types, by the name after renaming. A value that cannot be cast makes a bad record.'),
  })
  .meta({ title: 'Map', description: 'Applied in this order: set, select, drop, rename, cast.' })

export type MapConfig = z.infer<typeof config>
type Config = MapConfig

export const map = defineOperator<Config>({
  type: 'MAP',
  summary: 'Adds, computes, chooses, drops, renames and casts columns.',
  config,
  ports: [{ name: 'input', byName: true }],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: () => true,
  compile: async (settings, [input]) => {
    const given: Step = { from: input!.table, columns: namesOf(input!.schema), met: input!.met }
    const each = finish(select(set(given, settings), settings), settings)
    return { each, ...(await failingMap(input!, settings)), accounting: 'MAPS' }
  },
})

/** What can stand after FROM, and its columns. */
interface Step {
  readonly from: string
  readonly columns: readonly string[]
  readonly met: string | null
}

function set(step: Step, { set: values = {} }: Config): Step {
  const entries = Object.entries(values)
  if (entries.length === 0) return step
  const kept = step.columns.map((column) => {
    const change = entries.find(([name]) => sameName(name, column))
    return change === undefined ? identifier(column) : `(${change[1]}) AS ${identifier(column)}`
  })
  const added = entries.filter(([name]) => !step.columns.some((column) => sameName(name, column)))
  const items = [...kept, ...added.map(([name, value]) => `(${value}) AS ${identifier(name)}`)]
  return {
    ...step,
    from: `(SELECT ${keepingMet(step, items).join(', ')} FROM ${step.from})`,
    columns: [...step.columns, ...added.map(([name]) => name)],
  }
}

function select(step: Step, { select: chosen }: Config): Step {
  if (chosen === undefined) return step
  if (Array.isArray(chosen)) {
    const columns = chosen.map((name) => findColumn(step.columns, name))
    return { ...step, from: `(SELECT ${keepingMet(step, [list(columns)]).join(', ')} FROM ${step.from})`, columns }
  }
  const items = Object.entries(chosen as Readonly<Record<string, string>>)
  const values = items.map(([name, value]) => `(${value}) AS ${identifier(name)}`)
  return {
    ...step,
    from: `(SELECT ${keepingMet(step, values).join(', ')} FROM ${step.from})`,
    columns: items.map(([name]) => name),
  }
}

/** drop, rename and cast look at names only, so one SELECT does all three. */
function finish(step: Step, { drop = [], rename = {}, cast = {} }: Config): string {
  const dropped = drop.map((name) => findColumn(step.columns, name))
  const kept = step.columns.filter((column) => !dropped.includes(column))
  if (kept.length === 0) throw new JobError('sql.invalid', 'No column is left.', { hint: 'Drop fewer.' })
  const newNames = new Map(Object.entries(rename).map(([old, name]) => [findColumn(kept, old), name]))
  const columns = kept.map((column) => newNames.get(column) ?? column)
  const twice = columns.find((column, index) => columns.findIndex((other) => sameName(other, column)) !== index)
  if (twice !== undefined)
    throw new JobError('sql.invalid', `There would be two columns \`${twice}\`.`, {
      hint: 'Rename or drop one of them.',
    })
  const types = new Map(Object.entries(cast).map(([name, type]) => [findColumn(columns, name), type]))
  const items = kept.map((column, index) => {
    const name = columns[index]!
    const type = types.get(name)
    const value = type === undefined ? identifier(column) : `CAST(${identifier(column)} AS ${type})`
    return value === identifier(name) ? value : `${value} AS ${identifier(name)}`
  })
  return `SELECT ${keepingMet(step, items).join(', ')} FROM ${step.from}`
}
