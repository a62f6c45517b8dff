/**
 * Entries are written in the order in which they come, all that wait together in one transaction: it locks the end of the
 * chain for a few milliseconds, so that several processes take turns and nobody waits for more than a turn of each.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isJobError, JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import { chainSigner, lockChain, type Signer, type Sql, writeChain } from './chain.js'
import { type Entry, entryHash, HASHED } from './entry.js'
import { keepMark } from './mark.js'

export type NewEntry = Omit<Entry, 'chain_sequence' | 'operation_time'>

interface Waiting {
  readonly entry: NewEntry
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** While MySQL is away. */
const MOST_WAITING = 10_000
const MOST_AT_ONCE = 200
/** A statement has to fit into what the server takes at once. */
const MOST_CHARACTERS = 1_000_000
const AGAIN_MS = 500

export interface AuditWriter {
  /** Resolves once the entry is durable; while MySQL is away it waits, and throws only where it can never be written. */
  write(entry: NewEntry): Promise<void>
  /** Resolves once nothing waits any more, or after `withinMs`; answers how many wait still. */
  flush(withinMs: number): Promise<number>
  /** Nothing is written any more, and what waits still is refused. */
  giveUp(): Promise<void>
  /** It has written into the chain: there is one. */
  hasWritten(): boolean
}

/** `clock`: in tests, another time than the server's. */
export function auditWriter(database: Database, secretKey: string, clock?: () => string): AuditWriter {
  const signer = chainSigner(secretKey)
  let waiting: Waiting[] = []
  let working: Promise<void> | null = null
  let written = false
  let over = false
  const work = async () => {
    for (let again = false; waiting.length > 0 && !over; ) {
      const batch = firstOf(waiting)
      const left = await attempt(batch, again)
      waiting = [...left, ...waiting.slice(batch.length)]
      again = left.length > 0
      if (again) await sleep(AGAIN_MS)
    }
    working = null
  }
  /** Answers those that have to wait. */
  const attempt = async (batch: readonly Waiting[], again: boolean): Promise<readonly Waiting[]> => {
    try {
      const entries = batch.map(({ entry }) => entry)
      await database.transaction((transaction) =>
        append(sqlOf(database, transaction), signer, { entries, again, written }, clock),
      )
      written = true
      for (const { resolve } of batch) resolve()
      return []
    } catch (error) {
      if (isJobError(error) && error.code === 'mysql.away') return batch
      if (batch.length === 1) {
        batch[0]?.reject(error)
        return []
      }
      // One that can never be written must not keep the others.
      const left: Waiting[] = []
      for (const one of batch) left.push(...(await attempt([one], true)))
      return left
    }
  }
  return {
    write: (entry) =>
      new Promise((resolve, reject) => {
        if (over) return reject(new JobError('mysql.away', 'The process ends'))
        if (waiting.length >= MOST_WAITING)
          return reject(new JobError('mysql.away', 'Too many entries of the audit wait'))
        waiting.push({ entry, resolve, reject })
        working ??= work()
      }),
    async flush(withinMs) {
      if (working !== null) await Promise.race([working, sleep(withinMs, undefined, { ref: false })])
      return waiting.length
    },
    async giveUp() {
      over = true
      for (const { reject } of waiting)
        reject(new JobError('mysql.away', 'The process ends, and MySQL has not taken it'))
      waiting = []
      // Whoever is told of it says so first.
      await sleep(0)
    },
    hasWritten: () => written,
  }
}

interface Batch {
  readonly entries: readonly NewEntry[]
  /** A commit whose answer was lost may have written them already. */
  readonly again: boolean
  /** This process has written before. */
  readonly written: boolean
}

async function append(
  sql: Sql,
  signer: Signer,
  { entries: given, again, written }: Batch,
  clock?: () => string,
): Promise<void> {
  const chain = await lockChain(sql, signer, written)
  if (!written) await keepMark(sql, signer)
  const known = again || given.some(({ log_id }) => !isRandom(log_id)) ? await alreadyThere(sql, given) : new Set()
  const entries = given.filter(({ log_id }) => !known.has(log_id))
  if (entries.length === 0) return
  const [server] = await sql.query<{ now: string }>('SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS now')
  const now = clock?.() ?? server?.now ?? ''
  // Months are removed as a whole: no entry may lie in an older one than the entry before it.
  const time = [now, chain.time].sort().at(-1) ?? now
  let [sequence, hash] = [BigInt(chain.sequence), chain.hash]
  const rows = entries.map((entry) => {
    sequence += 1n
    const full: Entry = { ...entry, chain_sequence: String(sequence), operation_time: time }
    const previous = hash
    hash = entryHash(previous, full)
    return [...HASHED.map((column) => full[column]), previous, hash]
  })
  const values = Object.fromEntries(rows.flatMap((row, at) => row.map((cell, index) => [`v${at}_${index}`, cell])))
  const tuples = rows.map((row, at) => `(${row.map((_, index) => `:v${at}_${index}`).join(', ')})`)
  await sql.execute(
    `INSERT INTO etl_operation_log (${HASHED.join(', ')}, previous_hash, entry_hash) VALUES ${tuples.join(', ')}`,
    values,
  )
  await writeChain(sql, signer.signed({ ...chain, sequence: String(sequence), hash, time }))
}

function firstOf(waiting: readonly Waiting[]): readonly Waiting[] {
  let characters = 0
  const fits = waiting.slice(0, MOST_AT_ONCE).findIndex(({ entry }, index) => {
    characters += entry.request_params?.length ?? 0
    return index > 0 && characters > MOST_CHARACTERS
  })
  return waiting.slice(0, fits === -1 ? MOST_AT_ONCE : fits)
}

async function alreadyThere(sql: Sql, given: readonly NewEntry[]): Promise<ReadonlySet<unknown>> {
  const ids = given.map(({ log_id }) => log_id)
  const rows = await sql.query<{ id: string }>('SELECT log_id AS id FROM etl_operation_log WHERE log_id IN (:ids)', {
    ids,
  })
  return new Set(rows.map(({ id }) => id))
}

const isRandom = (id: string | null): boolean => /^[0-9a-f]{8}-/.test(id ?? '')

function sqlOf(database: Database, transaction: Parameters<Parameters<Database['transaction']>[0]>[0]): Sql {
  return {
    query: (sql, values) => database.query(sql, values, transaction),
    execute: (sql, values) => database.execute(sql, values, transaction),
  }
}
