import { prepared } from '../exact-numbers.js'
import { withoutNulls } from '../null-records.js'
import { wholeNames } from '../number-points.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig } from './config.js'
import { badDocuments, type JsonText, readJson } from './json-options.js'
import { start } from './position.js'
import type { Slice, TextFormat } from './text-format.js'

/** One JSON object a line. */
export function jsonlFormat(config: FileSourceConfig): TextFormat {
  return {
    dialect: { quote: null, escape: null, delimiter: null, spacesAreBlank: true },
    async open(file, _session, schema) {
      const whole = wholeNames(schema)
      const json = (slice: Slice): JsonText => ({ ...slice, layout: 'newline_delimited' })
      return {
        firstRecord: { ...start, byte: await byteOrderMark(file) },
        header: null,
        prepared: (bytes) => prepared(withoutNulls(bytes), whole),
        select: (slice) => `SELECT * FROM ${readJson(json(slice), config, schema)}`,
        findBad: (slice, _starts, session) => badDocuments(json(slice), config, schema, session),
      }
    },
  }
}
