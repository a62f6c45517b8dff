/** Which records MAP fails for: its expressions one after another, each over what those before it gave. */
import { sameName, unusedName } from '../../core/record/schema.js'
import { referencedColumns } from '../../duckdb/aggregates.js'
import { identifier, text } from '../../duckdb/sql.js'
import { findColumn, namesOf } from '../columns.js'
import { attempt } from '../failing.js'
import type { MapConfig } from '../map.js'
import type { Input } from '../operator.js'

/** A column of the input, or of a step before, is null here; else the expression that gives it. */
interface Column {
  readonly name: string
  readonly expression: string | null
}

/** Nothing where nothing is computed. Expressions whose values nobody reads are not computed, as in the query itself. */
export async function failingMap(input: Input, config: MapConfig): Promise<{ readonly failing?: string }> {
  const { set = {}, select, drop = [], rename = {}, cast = {} } = config
  const given = namesOf(input.schema)
  const afterSet = [
    ...given.map((name) => ({ name, expression: entryOf(set, name) })),
    ...Object.keys(set)
      .filter((name) => !given.some((column) => sameName(column, name)))
      .map((name) => ({ name, expression: set[name]! })),
  ]
  const selected = selectedColumns(select, namesOfColumns(afterSet))
  const dropped = drop.map((name) => findColumn(namesOfColumns(selected), name))
  const kept = selected.filter(({ name }) => !dropped.includes(name))
  const casts = kept.map(({ name }) => ({ name, expression: castOf(name, rename, cast) }))
  const read = new Set((await Promise.all(kept.map(readBy))).flat().map((name) => name.toLowerCase()))
  const levels = [afterSet.filter(({ name }) => read.has(name.toLowerCase())), kept, casts]
  if (levels.flat().every(({ expression }) => expression === null)) return {}
  return { failing: findFaults(input, levels) }
}

function findFaults({ table }: Input, levels: readonly (readonly Column[])[]): string {
  const names = levels.flat().map(({ name }) => name)
  const [place, fault] = [unusedName('place', names), unusedName('fault', names)].map(identifier) as [string, string]
  const ctes: string[] = []
  let from = `(SELECT rowid AS ${place}, CAST(NULL AS VARCHAR) AS ${fault}, * FROM ${table})`
  for (const [index, columns] of levels.entries()) {
    const tries = columns.map(({ name, expression }) =>
      expression === null ? identifier(name) : `${attempt(expression)} AS ${identifier(name)}`,
    )
    const computed = columns.filter(({ expression }) => expression !== null)
    if (computed.length === 0) continue
    ctes.push(`tried${index} AS MATERIALIZED (SELECT ${[place, fault, ...tries].join(', ')} FROM ${from})`)
    const values = columns.map(({ name, expression }) =>
      expression === null ? identifier(name) : `${identifier(name)}[1] AS ${identifier(name)}`,
    )
    const faults = computed.map(({ name, expression }) => {
      const what = `\`${name}\` cannot be computed: ${expression}`
      return `WHEN ${identifier(name)} IS NULL THEN ${text(what)}`
    })
    const first = `coalesce(${fault}, CASE ${faults.join(' ')} END) AS ${fault}`
    from = `(SELECT ${[place, first, ...values].join(', ')} FROM tried${index})`
  }
  return `WITH ${ctes.join(', ')} SELECT ${place}, ${fault} FROM ${from} WHERE ${fault} IS NOT NULL`
}

function selectedColumns(select: MapConfig['select'], columns: readonly string[]): Column[] {
  if (select === undefined) return columns.map((name) => ({ name, expression: null }))
  if (Array.isArray(select)) return select.map((name) => ({ name: findColumn(columns, name), expression: null }))
  return Object.entries(select).map(([name, expression]) => ({ name, expression }))
}

function castOf(name: string, rename: Readonly<Record<string, string>>, cast: Readonly<Record<string, string>>) {
  const newName = entryOf(rename, name) ?? name
  const type = entryOf(cast, newName)
  return type === null ? null : `CAST(${identifier(name)} AS ${type})`
}

function entryOf(values: Readonly<Record<string, string>>, name: string): string | null {
  return Object.entries(values).find(([key]) => sameName(key, name))?.[1] ?? null
}

async function readBy({ name, expression }: Column): Promise<string[]> {
  return expression === null ? [name] : await referencedColumns(expression)
}

const namesOfColumns = (columns: readonly Column[]): string[] => columns.map(({ name }) => name)
