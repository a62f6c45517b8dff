import type { Schema } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import { holdsExponents } from '../exact-numbers.js'
import { checkNames } from './check-names.js'
import type { FileSourceConfig } from './config.js'
import { readHead } from './csv-head.js'
import { csvOptions, dialectOf, readCsv } from './csv-options.js'
import { inexactRecords, rejectsOf } from './csv-rejects.js'
import type { TextFormat } from './text-format.js'

/** CSV as DuckDB reads it in strict mode, with every option given: nothing is guessed while a job runs (I9). */
export function csvFormat(config: FileSourceConfig): TextFormat {
  const options = csvOptions(config)
  return {
    dialect: dialectOf(options),
    async open(file, session, schema) {
      const head = await readHead(file, config, session)
      if (head.names) checkNames(head.names, schema, file.shown)
      const columns = head.names ? inFileOrder(head.names, schema) : schema
      const wanted = schema.map((column) => identifier(column.name)).join(', ')
      return {
        firstRecord: head.firstRecord,
        header: head.line,
        prepared: (bytes) => ({
          bytes,
          points: bytes.includes(point),
          exponents: holdsExponents(bytes),
          marked: false,
        }),
        select: (slice) => `SELECT ${wanted} FROM ${readCsv(options, columns, slice)}`,
        async findBad(slice, starts, session) {
          const indexes = new Map(starts.map((start, index) => [start, index]))
          const rejected = (await rejectsOf(slice, options, columns, session)).flatMap(({ byte, message }) => {
            const index = indexes.get(byte)
            return index === undefined ? [] : [{ index, message }]
          })
          return rejected.length > 0 ? rejected : await inexactRecords(slice, options, columns, session)
        },
      }
    },
  }
}

const point = '.'.charCodeAt(0)

/** Columns that the header names and nobody asked for are read as text, and left out. */
function inFileOrder(names: readonly string[], schema: Schema): Schema {
  const types = new Map(schema.map((column) => [column.name, column.type]))
  return names.map((name) => ({ name, type: types.get(name) ?? 'VARCHAR' }))
}
