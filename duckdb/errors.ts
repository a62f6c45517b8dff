/** What DuckDB says, as a JobError: one plain line, the code by kind, a hint where a name was nearly right. */
import type { ErrorCode } from '../core/errors/codes.js'
import { isJobError, JobError } from '../core/errors/job-error.js'
import { nearestHint } from '../core/spec/nearest.js'

/** BIND: nothing has run yet, so whatever is wrong lies in the statement and not in a record. */
export type Moment = 'BIND' | 'RUN'

export function duckdbError(error: unknown, moment: Moment = 'RUN', folder: string | null = null): JobError {
  if (isJobError(error)) return error
  const raw = messageOf(error)
  const [, kind = '', said = raw] = /^([A-Za-z ]+) Error: ([\s\S]*)$/.exec(raw) ?? []
  const message = withoutOurFiles(firstParagraph(said), folder)
  const hint = hintFor(message)
  return new JobError(codeOf(kind, said, moment), message, { cause: error, ...(hint === null ? {} : { hint }) })
}

/** Read by shape: errors of the native binding may belong to another realm, as in tests. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
}

const RECORD_KINDS = new Set(['Conversion', 'Invalid Input', 'Out of Range', 'Constraint', 'Mismatch Type'])
const STATEMENT_KINDS = new Set([
  'Parser',
  'Syntax',
  'Binder',
  'Catalog',
  'Not implemented',
  'Parameter Not Resolved',
  'Expression',
])

function codeOf(kind: string, said: string, moment: Moment): ErrorCode {
  if (kind === 'INTERRUPT') return 'cancelled'
  if (/no space left on device|disk quota exceeded|max_temp_directory_size/i.test(said)) return 'disk.full'
  if (kind === 'Out of Memory') return 'memory.exhausted'
  if (STATEMENT_KINDS.has(kind)) return 'sql.invalid'
  if (RECORD_KINDS.has(kind)) return moment === 'BIND' ? 'sql.invalid' : 'record.bad'
  return 'internal'
}

const LONGEST = 500

/** DuckDB adds advice and a `LINE 1: …` dump of the statement, which is ours and means nothing to a reader. */
function firstParagraph(said: string): string {
  const paragraph = said.split(/\n\s*\n|\nLINE \d+:/, 1)[0] ?? said
  const line = paragraph.replace(/\s+/g, ' ').trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}

/** Files in a session's folder are copies and slices of ours, whose names mean nothing to a reader. */
function withoutOurFiles(message: string, folder: string | null): string {
  if (folder === null || !message.includes(folder)) return message
  return message
    .split(folder)
    .reduce(
      (before, after) => `${before.replace(/(\bfile )?["']?$/, '')}the file${after.replace(/^[^\s"',;:)]*["']?/, '')}`,
    )
}

/** DuckDB lists what it knows (`Candidate bindings: "amount", "date"`); the nearest of them is worth naming. */
function hintFor(message: string): string | null {
  const missing =
    /^(?:Referenced (?:column|table)|Table with name|Scalar Function with name|Column) "?([^"\s]+)"?/.exec(message)
  const candidates = /(?:Candidate bindings|Candidate tables|Candidate functions|Did you mean)\s*:?\s*(.+)$/.exec(
    message,
  )?.[1]
  if (missing?.[1] === undefined || candidates === undefined) return null
  const known = [...candidates.matchAll(/"((?:[^"]|"")+)"/g)].map((match) => match[1]!.replace(/^.*\./, ''))
  return nearestHint(missing[1], known)
}
