import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { SinkBatch } from '../spi.js'

/** Records of a batch that go into one folder, in source order. */
export interface Partition {
  /** `dt=2026-01-31/country=DE`, or ''. */
  readonly folder: string
  readonly schema: Schema
  readonly records: number
  /** Some of them: `from` up to `to`. */
  piece(from: number, to: number): Records
}

export interface Records {
  readonly folder: string
  readonly select: string
  readonly schema: Schema
  readonly records: number
}

/** More are no partitions: each has files of its own in every epoch. */
const mostPartitions = 10_000

/** What readers take for no value. */
export const noValue = '__HIVE_DEFAULT_PARTITION__'

/** The records of a batch by the folders that their values name; the columns that do are left out. */
export async function* partitionsOf(
  { table, schema, records }: SinkBatch,
  partitionBy: readonly string[],
  session: Session,
): AsyncGenerator<Partition, void, void> {
  if (partitionBy.length === 0) return yield partition({ folder: '', table, schema, first: 0, records })
  const named = partitionBy.map((name) => schema.find((column) => column.name === name)?.name ?? name)
  const rest = schema.filter(({ name }) => !named.includes(name))
  const folder = identifier('_'.repeat(Math.max(...schema.map(({ name }) => name.length)) + 1))
  const sorted = identifier(`partitions of ${table}`)
  const columns = [
    ...rest.map(({ name }) => identifier(name)),
    `${named.map(folderOf).join(" || '/' || ")} AS ${folder}`,
  ]
  try {
    await session.run(
      `CREATE OR REPLACE TEMP TABLE ${sorted} AS SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${folder}, ${table}.rowid`,
    )
    const found = await session.rows(`SELECT ${folder}, min(rowid), count(*) FROM ${sorted} GROUP BY 1 ORDER BY 2`)
    if (found.length > mostPartitions)
      throw new JobError('sink.unsupported', `\`partitionBy\` makes ${found.length} folders of one batch.`, {
        pointer: '/partitionBy',
        hint: `Partition by columns with few values, like a day: ${mostPartitions} folders at most.`,
      })
    for (const [name, first, count] of found)
      yield partition({
        folder: String(name),
        table: sorted,
        schema: rest,
        first: Number(first),
        records: Number(count),
      })
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${sorted}`)
  }
}

function partition(part: {
  readonly folder: string
  readonly table: string
  readonly schema: Schema
  readonly first: number
  readonly records: number
}): Partition {
  const { folder, table, schema, first, records } = part
  const columns = schema.map(({ name }) => identifier(name)).join(', ')
  const all = `SELECT ${columns} FROM ${table}`
  return {
    folder,
    schema,
    records,
    piece(from, to) {
      const isAll = folder === '' && from === 0 && to === records
      const select = isAll ? all : `${all} WHERE rowid >= ${first + from} AND rowid < ${first + to}`
      return { folder, select, schema, records: to - from }
    },
  }
}

/** As Hive, Spark and DuckDB name them, and take them apart again. */
export function folderOf(name: string): string {
  const value = `url_encode(CAST(${identifier(name)} AS VARCHAR))`
  return `url_encode(${text(name)}) || '=' || coalesce(${value}, ${text(noValue)})`
}
