/** Records from their JSON text, an object with a key for each column; what does not fit is told apart. */
import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OriginalRecord, SourceBatch } from '../../connectors/spi.js'
import type { Column, Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { among, identifier, text } from '../../duckdb/sql.js'

/** `place` gives only the number of the record. A key that is missing is NULL; one that is no column makes a record bad. */
export async function typedRecords(
  records: readonly OriginalRecord[],
  schema: Schema,
  session: Session,
): Promise<SourceBatch> {
  const file = join(session.folder, `${randomUUID()}.json`)
  const lines = records.map((record, number) => JSON.stringify({ number, json: record.text }))
  await writeFile(file, lines.map((line) => `${line}\n`).join(''))
  const given = `read_json(${text(file)}, format = 'newline_delimited', columns = {number: 'BIGINT', json: 'VARCHAR'}, maximum_object_size = ${longest(lines)})`
  const bad = await badRecords(given, schema, session)
  const numbers = records.map((_, number) => number).filter((number) => !bad.has(number))
  const columns = schema.map((column) => `${valueIn(column)} AS ${identifier(column.name)}`).join(', ')
  const select = `SELECT ${columns} FROM ${given} WHERE number NOT IN ${among([...bad.keys()])} ORDER BY number`
  return {
    select,
    records: records.length,
    place: (index) => ({ record: numbers[index] ?? 0 }),
    isolate: async () => ({
      select,
      rejected: [...bad].map(([number, message]) => ({
        original: records[number]!.text,
        place: { record: number },
        code: 'record.bad',
        message,
      })),
    }),
    release: () => rm(file, { force: true }),
  }
}

async function badRecords(given: string, schema: Schema, session: Session): Promise<ReadonlyMap<number, string>> {
  const names = schema.map(({ name }) => text(name)).join(', ')
  const faults = schema.map((column) => {
    const message = text(`Column "${column.name}" does not hold a value of type ${column.type}: `)
    return `WHEN ${textOf(column)} IS NOT NULL AND TRY(${valueIn(column)}) IS NULL THEN ${message} || left(${textOf(column)}, 100)`
  })
  const rows = await session.rows(`
    SELECT number, fault FROM (SELECT number, CASE
      WHEN NOT json_valid(json) THEN 'The record is not valid JSON.'
      WHEN json_type(json) <> 'OBJECT' THEN 'The record is not a JSON object.'
      WHEN len(list_filter(json_keys(json), lambda key: key NOT IN (${names}))) > 0
        THEN 'There is no column ' || list_filter(json_keys(json), lambda key: key NOT IN (${names}))[1] || '.'
      ${faults.join('\n')} END AS fault FROM ${given})
    WHERE fault IS NOT NULL ORDER BY number`)
  return new Map(rows.map(([number, fault]) => [Number(number), String(fault)]))
}

/** Lists and structures may also stand as DuckDB writes them: that is how those are kept that JSON numbers cannot hold. */
function valueIn(column: Column): string {
  const plain = `CAST(${textOf(column)} AS ${column.type})`
  if (!/^(STRUCT|MAP|UNION)\b|\]$/.test(column.type)) return plain
  const value = `CAST(json AS JSON) -> ${pointer(column)}`
  return `CASE WHEN json_type(json, ${pointer(column)}) = 'VARCHAR' THEN ${plain} ELSE CAST(${value} AS ${column.type}) END`
}

const textOf = (column: Column) => `json ->> ${pointer(column)}`

const pointer = ({ name }: Column) => text(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)

function longest(lines: readonly string[]): number {
  return lines.reduce((most, line) => Math.max(most, Buffer.byteLength(line) + 1024), 16_777_216)
}
