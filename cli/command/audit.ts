/** `etl audit list|verify|export`, for ADMIN. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { JobError } from '../../core/errors/job-error.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { table } from '../output.js'

interface Entry {
  readonly logId: string
  readonly sequence: string | null
  readonly time: string
  readonly startedAt: string | null
  readonly userId: string | null
  readonly username: string | null
  readonly operationType: string
  readonly resourceType: string | null
  readonly resourceId: string | null
  readonly operationStatus: string
  readonly responseStatus: number | null
  readonly errorMessage: string | null
  readonly requestMethod: string | null
  readonly requestPath: string | null
  readonly requestParams: object
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly durationMs: number | null
  readonly previousHash: string | null
  readonly entryHash: string | null
}

interface Filter {
  readonly user?: string
  readonly type?: string
  readonly resource?: string
  readonly id?: string
  readonly status?: string
  readonly from?: string
  readonly to?: string
}

export async function listAudit(
  { output, variables }: Context,
  options: Filter & { readonly limit: string },
): Promise<void> {
  const items = await connect(variables).all<Entry>('/operation-logs', queryOf(options), Number(options.limit))
  output.result({ items }, () =>
    table(
      ['time', 'user', 'operation', 'resource', 'status', 'from', 'error'],
      items.map((one) => [
        one.time,
        one.username,
        one.operationType,
        [one.resourceType, one.resourceId].filter(Boolean).join(' '),
        one.operationStatus,
        one.ipAddress,
        one.errorMessage?.replaceAll(/\s+/g, ' ').slice(0, 80),
      ]),
    ),
  )
}

interface Verified {
  readonly intact: boolean
  readonly entries: number
  readonly head: { readonly sequence: string; readonly hash: string } | null
  readonly olderRows: number
  readonly fault: {
    readonly kind: string
    readonly sequence: string | null
    readonly logId: string | null
    readonly time: string | null
    readonly message: string
  } | null
}

/** Exit code 1 where something does not fit. */
export async function verifyAudit(
  { output, variables }: Context,
  { head }: { readonly head?: string },
): Promise<number> {
  const [sequence, hash] = head === undefined ? [] : head.split(':')
  if (head !== undefined && (sequence === undefined || hash === undefined))
    throw new JobError('usage.invalid', '--head takes what a verification has printed: sequence:hash')
  const verified = await connect(variables).get<Verified>('/operation-logs/verification', { sequence, hash })
  output.result(verified, () => sentence(verified))
  return verified.intact ? 0 : 1
}

function sentence({ intact, entries, head, olderRows, fault }: Verified): string {
  const older = olderRows === 0 ? '' : `\n${olderRows} rows are older than the chain: nothing proves them`
  const noted = head === null ? '' : `\nhead ${head.sequence}:${head.hash}`
  if (intact || fault === null) return `${entries} entries are as they were written${noted}${older}`
  const { kind, sequence, logId, time, message } = fault
  const where = [sequence === null ? null : `entry ${sequence}`, logId, time].filter((part) => part !== null).join(', ')
  return `${kind}${where === '' ? '' : ` at ${where}`}: ${message}\n${entries} entries before it are as they were written${noted}${older}`
}

/** Oldest first, page by page: all of it never is in memory. */
export async function exportAudit(
  { output, variables }: Context,
  options: Filter & { readonly format: string; readonly output?: string },
): Promise<void> {
  const lineOf = { jsonl: (entry: Entry) => JSON.stringify(entry), csv: csvOf }[options.format]
  if (lineOf === undefined) throw new JobError('usage.invalid', '--format is jsonl or csv')
  const file = options.output === undefined ? null : openSync(options.output, 'w', 0o600)
  const write = (line: string) => (file === null ? process.stdout.write(`${line}\n`) : writeSync(file, `${line}\n`))
  let entries = 0
  try {
    if (options.format === 'csv') write(CSV_COLUMNS.join(','))
    for await (const entry of oldestFirst(connect(variables), queryOf(options))) {
      write(lineOf(entry))
      entries += 1
    }
  } finally {
    if (file !== null) closeSync(file)
  }
  if (file === null) output.note(`${entries} entries`)
  else output.result({ entries, file: options.output }, () => `${entries} entries in ${options.output}`)
}

async function* oldestFirst(client: Client, query: Readonly<Record<string, string | undefined>>) {
  let cursor: string | undefined
  do {
    const asked = { ...query, order: 'OLDEST', limit: 500, cursor }
    const page = await client.get<{ items: Entry[]; nextCursor: string | null }>('/operation-logs', asked)
    yield* page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

function queryOf({ user, type, resource, id, status, from, to }: Filter) {
  return {
    username: user,
    operationType: type?.toUpperCase(),
    resourceType: resource?.toUpperCase(),
    resourceId: id,
    status: status?.toUpperCase(),
    from,
    to,
  }
}

const CSV_COLUMNS = [
  ...(['sequence', 'logId', 'time', 'startedAt', 'userId', 'username', 'operationType', 'resourceType'] as const),
  ...(['resourceId', 'operationStatus', 'responseStatus', 'errorMessage', 'requestMethod', 'requestPath'] as const),
  ...(['requestParams', 'ipAddress', 'userAgent', 'durationMs', 'previousHash', 'entryHash'] as const),
]

function csvOf(entry: Entry): string {
  return CSV_COLUMNS.map((column) => cell(entry[column])).join(',')
}

/** A spreadsheet must not take what somebody typed as a user name for a formula. */
function cell(value: string | number | object | null): string {
  if (value === null) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
