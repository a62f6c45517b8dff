import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { RejectedRow, SinkBatch } from '../spi.js'
import type { Format } from './config.js'
import { folderOf, noValue } from './partition.js'

/** A table of its own, where some records are not to be written. */
interface Written {
  readonly batch: SinkBatch
  readonly rejected: readonly RejectedRow[]
  release(): Promise<void>
}

interface Layout {
  readonly format: Format
  readonly partitionBy: readonly string[]
  /** Bytes that the name of a folder may have. */
  readonly longestName: number
}

/** Records that the files cannot hold are refused. */
export async function withoutUnwritable(batch: SinkBatch, layout: Layout, session: Session): Promise<Written> {
  const { table, schema, records } = batch
  const faults = [...longNames(layout), ...noNames(layout), ...blankLine(batch, layout)]
  const none = { batch, rejected: [], release: async () => {} }
  const isBad = faults.map(({ where }) => `(${where})`).join(' OR ')
  if (faults.length === 0 || (await session.count(`SELECT count(*) FROM ${table} WHERE ${isBad}`)) === 0) return none
  const message = faults.map(({ where, message }) => `WHEN ${where} THEN ${message}`).join(' ')
  const rows = await session.rows(`SELECT rowid, CASE ${message} END FROM ${table} WHERE ${isBad} ORDER BY rowid`)
  const kept = identifier(`kept of ${table}`)
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${kept} AS SELECT * FROM ${table} WHERE NOT coalesce(${isBad}, false)`,
  )
  return {
    batch: { table: kept, schema, records: records - rows.length },
    rejected: rows.map(([rowid, why]) => ({ rowid: Number(rowid), code: 'record.bad', message: String(why) })),
    release: () => session.run(`DROP TABLE IF EXISTS ${kept}`),
  }
}

/** SQL of a condition over a record, and of what is said of it. */
interface Fault {
  readonly where: string
  readonly message: string
}

function longNames({ partitionBy, longestName }: Layout): readonly Fault[] {
  return partitionBy.map((name) => ({
    where: `strlen(${folderOf(name)}) > ${longestName}`,
    message: `${text(`\`${name}\` would name a folder of `)} || strlen(${folderOf(name)}) || ${text(` bytes, of which ${longestName} are the most: `)} || left(CAST(${identifier(name)} AS VARCHAR), 100) || '…'`,
  }))
}

/** Such folders no reader could take apart again. */
function noNames({ partitionBy }: Layout): readonly Fault[] {
  return partitionBy.flatMap((name) => {
    const value = `CAST(${identifier(name)} AS VARCHAR)`
    return [
      {
        where: `contains(${value}, chr(0))`,
        message: text(`\`${name}\` holds the character NUL, which the name of a folder cannot hold.`),
      },
      {
        where: `${value} = ${text(noValue)}`,
        message: text(`\`${name}\` is the text that stands for no value in the name of a folder: ${noValue}.`),
      },
    ]
  })
}

/** A record of one column and no value would be a blank line of CSV, which is a record to no reader. */
function blankLine({ schema }: SinkBatch, { format, partitionBy }: Layout): readonly Fault[] {
  const [only, second] = schema.filter(({ name }) => !partitionBy.includes(name))
  if (format !== 'csv' || only === undefined || second !== undefined) return []
  const message = `\`${only.name}\` is the only column of a CSV file, where no value would be a blank line. Write another column or format, or a value in its place.`
  return [{ where: `${identifier(only.name)} IS NULL`, message: text(message) }]
}
