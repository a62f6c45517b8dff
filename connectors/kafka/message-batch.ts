import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place, RecordForm } from '../../core/record/rejected.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { SourceBatch } from '../spi.js'
import type { MetadataColumn } from './config.js'
import type { BadMessage, Format, Lines } from './formats.js'
import { type MessagePlace, metadataLine, metadataSelect, readMetadata, storesMetadata } from './metadata.js'
import type { Message } from './record-batches.js'
import { tellApart, troubleOf } from './tell-apart.js'

/** What is kept of a bad message. */
const longestOriginal = 64 * 1024

export interface Reading {
  readonly place: MessagePlace
  readonly format: Format
  readonly payload: Schema
  readonly metadata: readonly MetadataColumn[]
  readonly session: Session
  /** What else than its offset says which message it is. */
  readonly numberOf?: (message: Message) => number
}

/** Messages as lines of a file in the session's folder, their metadata as those of another, both in the same order. */
export async function messageBatch(messages: readonly Message[], reading: Reading): Promise<SourceBatch> {
  const { session, place } = reading
  const name = randomUUID()
  const table = identifier(`source_${name}`)
  const files: Files = { lines: join(session.folder, `${name}.lines`), facts: join(session.folder, `${name}.facts`) }
  const known = badFacts(messages, reading.metadata)
  const whole = await writeFiles(without(messages, known), reading, files)
  let left = messages
  const placeOf = (message: Message): Place =>
    reading.numberOf === undefined ? { ...place, offset: message.offset } : { record: reading.numberOf(message) }
  return {
    select: whole.select,
    records: messages.length,
    bytes: messages.reduce(
      (sum, { keyLength, valueLength }) => sum + Math.max(0, keyLength) + Math.max(0, valueLength),
      0,
    ),
    partition: String(place.partition),
    place: (index) => placeOf(left[index]!),
    async isolate() {
      const candidates = without(messages, known)
      let written = whole
      const { good, bad } = await tellApart(candidates.length, {
        async attempt(indexes) {
          written = await writeFiles(
            indexes.map((index) => candidates[index]!),
            reading,
            files,
          )
          try {
            await session.run(`CREATE OR REPLACE TABLE ${table} AS ${written.select}`)
            const read = await session.count(`SELECT count(*) FROM ${table}`)
            return read === indexes.length ? null : 'The message does not hold one record.'
          } catch (error) {
            return troubleOf(error)
          }
        },
        named: () => reading.format.findBad(written.lines, session).catch(noneNamed),
      })
      left = good.map((index) => candidates[index]!)
      const all = [
        ...known.map(({ index, message }) => [messages[index]!, message] as const),
        ...bad.map(({ index, message }) => [candidates[index]!, message] as const),
      ].sort(([a], [b]) => a.offset - b.offset)
      const rejected = all.map(([message, why]) => ({
        ...originalOf(message, reading.metadata),
        place: placeOf(message),
        code: 'record.bad',
        message: why,
      }))
      return { select: `SELECT * FROM ${table}`, rejected }
    },
    async release() {
      for (const file of Object.values(files)) await rm(file, { force: true })
      await session.run(`DROP TABLE IF EXISTS ${table}`)
    },
  }
}

interface Files {
  readonly lines: string
  readonly facts: string
}

async function writeFiles(messages: readonly Message[], reading: Reading, files: Files) {
  const { format, metadata, payload, place } = reading
  const room = messages.reduce((sum, { valueLength }) => sum + format.room(Math.max(0, valueLength)) + 1, 0)
  const into = Buffer.allocUnsafe(room)
  let longest = 0
  let at = 0
  for (const [index, message] of messages.entries()) {
    const start = at
    at = format.write(message, index, into, at)
    into[at++] = 10
    longest = Math.max(longest, at - start)
  }
  const plain = into.subarray(0, at)
  const { bytes, ...holds } = format.prepared(plain)
  await writeFile(files.lines, bytes)
  const written: Lines = { ...holds, file: files.lines, longest: holds.marked ? 2 * longest : longest }
  const facts = storesMetadata(metadata) ? messages.map((message) => String(metadataLine(metadata, message))) : null
  if (facts !== null) await writeFile(files.facts, facts.join(''))
  const lines = format.select(written)
  const columns = [...payload.map(({ name }) => `lines.${identifier(name)}`), ...metadataSelect(metadata, place)]
  // One that was missing on either side would be filled up with NULL: it is left out, and so missed.
  const beside =
    facts === null
      ? ''
      : ` POSITIONAL JOIN (SELECT *, true AS present FROM ${readMetadata(metadata, files.facts, longestOf(facts))}) AS facts WHERE lines.present AND facts.present`
  return { select: `SELECT ${columns.join(', ')} FROM (${lines}) AS lines${beside}`, lines: written }
}

/** Of UTF-8 a character takes three bytes at most for each unit of its UTF-16. */
const longestOf = (texts: readonly string[]) => texts.reduce((most, { length }) => Math.max(most, length * 3), 0)

/** Where a fact that was asked for is no text. */
function badFacts(messages: readonly Message[], metadata: readonly MetadataColumn[]): readonly BadMessage[] {
  if (!metadata.some((name) => name === 'key' || name === 'headers')) return []
  return messages.flatMap((message, index) => {
    const line = metadataLine(metadata, message)
    return typeof line === 'string' ? [] : [{ index, message: `Its ${line.notText} is not text in UTF-8.` }]
  })
}

function without(messages: readonly Message[], bad: readonly BadMessage[]): readonly Message[] {
  if (bad.length === 0) return messages
  const out = new Set(bad.map(({ index }) => index))
  return messages.filter((_, index) => !out.has(index))
}

/** It gives up on some bytes before it has named any. */
function noneNamed(error: unknown): readonly BadMessage[] {
  troubleOf(error)
  return []
}

/** Bytes that are no text cannot be read again from one. */
function originalOf(message: Message, metadata: readonly MetadataColumn[]): { original: string; form: RecordForm } {
  const { bytes, valueAt, valueLength } = message
  const value = bytes.subarray(valueAt, valueAt + Math.max(0, Math.min(valueLength, longestOriginal)))
  const facts = factsOf(metadata, message)
  const isWhole = valueLength >= 0 && valueLength <= longestOriginal && isUtf8(value) && facts !== null
  const form: RecordForm = { kind: isWhole ? 'TEXT' : 'CUT', ...(facts ? { header: facts } : {}) }
  return { original: value.toString('utf8'), form }
}

/** Of key, time and headers what was asked for; null: it is no text. */
function factsOf(metadata: readonly MetadataColumn[], message: Message): string | null {
  const wanted = metadata.filter((name) => name === 'key' || name === 'timestamp' || name === 'headers')
  const line = wanted.length === 0 ? '' : metadataLine(wanted, message)
  return typeof line === 'string' ? line.trim() : null
}
