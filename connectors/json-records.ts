import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place, RecordForm } from '../core/record/rejected.js'
import type { Schema } from '../core/record/schema.js'
import type { Session } from '../duckdb/session.js'
import { among, identifier, text } from '../duckdb/sql.js'
import { unmarked } from './exact-numbers.js'
import { type FileSourceConfig, sourceConfig as fileConfig } from './file/config.js'
import { badDocuments, type JsonText, readJson } from './file/json-options.js'
import { tellApart, troubleOf } from './kafka/tell-apart.js'
import { noObject } from './null-records.js'
import type { SourceBatch } from './spi.js'

/** What is kept of a bad record. */
const longestOriginal = 64 * 1024

export interface JsonRecords {
  /** SELECT of `json`, the text of each record in order, and `number`, from 0. */
  readonly select: string
  readonly records: number
  readonly schema: Schema
  readonly session: Session
  /** `exactly` may have marked numbers in them. */
  readonly marked: boolean
  /** How dates and times are written. */
  readonly options?: FileSourceConfig
  place(number: number): Place
}

/** Records as lines of a file in the session's folder, which DuckDB reads as it reads files of JSON. */
export async function recordBatch(given: JsonRecords): Promise<SourceBatch> {
  const { session, schema, records, place, marked, options = asUsual } = given
  const name = randomUUID()
  const file = join(session.folder, `${name}.lines`)
  const table = identifier(`source ${name}`)
  const wanted = identifier(`wanted ${name}`)
  const columns = schema.map((column) => identifier(column.name)).join(', ')
  let longest = 0
  /** Answers what they take. */
  const write = async (condition = '') => {
    const [sizes] = await session.rows(
      `SELECT coalesce(max(strlen(json)), 0), coalesce(sum(strlen(json)), 0) FROM (${given.select})${condition}`,
    )
    longest = Number(sizes?.[0])
    const line = `CASE WHEN trim(json) = '' THEN '""' WHEN trim(json, ' ' || chr(9) || chr(10) || chr(13)) = 'null' THEN '${noObject}' ELSE translate(json, chr(10) || chr(13), '  ') END`
    await session.run(
      `COPY (SELECT ${line} FROM (${given.select})${condition} ORDER BY number) TO ${text(file)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '')`,
    )
    return Number(sizes?.[1])
  }
  const json = (): JsonText => ({ file, layout: 'newline_delimited', longest, points: true, exponents: true, marked })
  const select = () => `SELECT ${columns} FROM ${readJson(json(), options, schema)}`
  const bytes = await write()
  let left: readonly number[] | null = null

  return {
    select: select(),
    records,
    bytes,
    place: (index) => place(left?.[index] ?? index),
    async isolate() {
      const { good, bad } = await tellApart(records, {
        async attempt(indexes) {
          await session.run(`CREATE OR REPLACE TABLE ${wanted} (n BIGINT)`)
          if (indexes.length > 0) await session.append(wanted, [indexes])
          await write(` WHERE number IN (SELECT n FROM ${wanted})`)
          try {
            await session.run(`CREATE OR REPLACE TABLE ${table} AS ${select()}`)
            const read = await session.count(`SELECT count(*) FROM ${table}`)
            return read === indexes.length ? null : 'It is not one record.'
          } catch (error) {
            return troubleOf(error)
          }
        },
        named: () => badDocuments(json(), options, schema, session).catch(noneNamed),
      })
      left = good
      const originals = await originalsOf(
        bad.map(({ index }) => index),
        given,
      )
      const rejected = bad.map(({ index, message }) => ({
        ...originals.get(index)!,
        place: place(index),
        code: 'record.bad',
        message,
      }))
      return { select: `SELECT * FROM ${table}`, rejected }
    },
    async release() {
      await rm(file, { force: true })
      for (const each of [table, wanted]) await session.run(`DROP TABLE IF EXISTS ${each}`)
    },
  }
}

const asUsual = fileConfig.parse({ path: 'answer', format: 'jsonl' })

function noneNamed(error: unknown): readonly never[] {
  troubleOf(error)
  return []
}

async function originalsOf(numbers: readonly number[], { select, session, marked }: JsonRecords) {
  const original = marked ? unmarked('json', 'VARCHAR') : 'json'
  const rows = await session.rows(
    `SELECT number, left(${original}, ${longestOriginal}), length(json) > ${longestOriginal} FROM (${select}) WHERE number IN ${among(numbers)}`,
  )
  return new Map(
    rows.map(([number, original, isCut]): [number, { original: string; form: RecordForm }] => [
      Number(number),
      { original: String(original), form: { kind: isCut === true ? 'CUT' : 'TEXT' } },
    ]),
  )
}
