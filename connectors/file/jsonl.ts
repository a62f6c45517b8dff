import { exactly, needsExactNumbers } from '../exact-numbers.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig } from './config.js'
import { badDocuments, readJson } from './json-options.js'
import { start } from './position.js'
import type { TextFormat } from './text-format.js'

/** One JSON object a line. */
export function jsonlFormat(config: FileSourceConfig): TextFormat {
  return {
    dialect: { quote: null, escape: null, delimiter: null, spacesAreBlank: true },
    async open(file, _session, schema) {
      return {
        firstRecord: { ...start, byte: await byteOrderMark(file) },
        header: null,
        ...(needsExactNumbers(schema) && { written: exactly }),
        select: (slice) => `SELECT * FROM ${readJson(slice.file, 'newline_delimited', config, schema, slice.longest)}`,
        findBad: (slice, _starts, session) =>
          badDocuments(slice.file, 'newline_delimited', config, schema, session, slice.longest),
      }
    },
  }
}
