/** Does every entry follow on the one before it, from where retention has removed up to the end that is signed? */
import { type Chain, readChain, type Signer, type Sql } from './chain.js'
import { type Entry, entryHash, HASHED_AS_TEXT } from './entry.js'
import { CHAINED_ONCE, markProblem, traceOfChain } from './mark.js'

export type FaultKind = 'CHANGED' | 'REMOVED' | 'ADDED' | 'UNSIGNED'

/** The first that does not fit. */
export interface Fault {
  readonly kind: FaultKind
  readonly sequence: string | null
  readonly logId: string | null
  readonly time: string | null
  readonly message: string
}

export interface Verification {
  readonly intact: boolean
  readonly entries: number
  /** Removed by retention before: up to this one. */
  readonly anchorSequence: string
  /** Note it somewhere else: a chain that was cut off and signed again does not come by it any more. */
  readonly head: { readonly sequence: string; readonly hash: string; readonly time: string } | null
  /** Written before there was a chain: nothing proves them. */
  readonly olderRows: number
  readonly fault: Fault | null
}

/** A head that somebody noted. */
export interface KnownHead {
  readonly sequence: string
  readonly hash: string
}

type Linked = Entry & { readonly previous_hash: string | null; readonly entry_hash: string | null }

const PAGE = 1000

/** `seen`: this process knows that there is a chain. */
export async function verifyChain(
  sql: Sql,
  signer: Signer,
  known: KnownHead | null = null,
  seen = false,
): Promise<Verification> {
  for (;;) {
    const verified = await verifyOnce(sql, signer, known, seen)
    // Retention may have removed entries in the meantime.
    const anchor = (await readChain(sql))?.anchorSequence ?? '0'
    if (verified.fault === null || anchor === verified.anchorSequence) return verified
  }
}

async function verifyOnce(sql: Sql, signer: Signer, known: KnownHead | null, seen: boolean): Promise<Verification> {
  const chain = await readChain(sql)
  const answer = (fault: Fault | null, entries = 0, olderRows = 0): Verification => ({
    intact: fault === null,
    entries,
    anchorSequence: chain?.anchorSequence ?? '0',
    head: chain === null ? null : { sequence: chain.sequence, hash: chain.hash, time: isoOf(chain.time) },
    olderRows,
    fault,
  })
  if (chain === null) return answer(await missingChain(sql, known, seen))
  const beforeBegin = known === null ? null : headBefore(chain, known)
  if (beforeBegin !== null) return answer(beforeBegin)
  const walk = await walkChain(sql, chain, chain.sequence, known)
  const older = await sql.query<{ held: string }>(
    'SELECT COUNT(*) AS held FROM etl_operation_log WHERE id <= :olderId AND chain_sequence IS NULL',
    { olderId: Number(chain.olderId) },
  )
  const olderRows = Number(older[0]?.held ?? 0)
  const problem = chain.fault ?? signer.problem(chain) ?? (await markProblem(sql, signer))
  const fault = walk.fault ?? (problem === null ? await straysOf(sql, chain) : unsigned(chain, problem))
  return answer(fault, walk.entries, olderRows)
}

/** Nothing may be there before the first entry of all, which the first API process writes as it starts. */
async function missingChain(sql: Sql, known: KnownHead | null, seen: boolean): Promise<Fault | null> {
  const stray = (await firstRow(sql, 'chain_sequence IS NOT NULL')) ?? (await firstRow(sql, 'TRUE'))
  if (stray !== null) return faultAt('REMOVED', stray, 'The end of the chain is missing as a whole.')
  const trace = await traceOfChain(sql)
  if (trace !== null) return { ...NOWHERE, kind: 'REMOVED', message: `The chain is missing as a whole; ${trace}.` }
  if (!seen && known === null) return null
  return { ...NOWHERE, kind: 'REMOVED', sequence: known?.sequence ?? null, message: 'The chain is missing as a whole.' }
}

/** A noted head that retention has gone beyond. */
function headBefore({ anchorSequence, anchorHash }: Chain, { sequence, hash }: KnownHead): Fault | null {
  if (BigInt(sequence) > BigInt(anchorSequence)) return null
  if (BigInt(sequence) === BigInt(anchorSequence))
    return hash === anchorHash ? null : { ...NOWHERE, kind: 'CHANGED', sequence, message: NOT_NOTED }
  const message = `Retention has removed entry ${sequence}, so it cannot be compared: note a newer head.`
  return { ...NOWHERE, kind: 'REMOVED', sequence, message }
}

const NOT_NOTED = 'Its hash is not the one that was noted.'
const NOWHERE = { sequence: null, logId: null, time: null } as const

/** From the anchor up to `upTo`. */
export async function walkChain(
  sql: Sql,
  chain: Pick<Chain, 'anchorSequence' | 'anchorHash' | 'sequence' | 'hash'>,
  upTo: string,
  known: KnownHead | null = null,
): Promise<{ readonly entries: number; readonly hash: string; readonly fault: Fault | null }> {
  let [sequence, hash, entries] = [BigInt(chain.anchorSequence), chain.anchorHash, 0]
  let last: Linked | null = null
  const end = (fault: Fault | null) => ({ entries, hash, fault })
  while (sequence < BigInt(upTo)) {
    const rows = await sql.query<Linked>(
      `SELECT ${HASHED_AS_TEXT}, previous_hash, entry_hash FROM etl_operation_log
        WHERE chain_sequence > :after AND chain_sequence <= :upTo ORDER BY etl_operation_log.chain_sequence, id LIMIT ${PAGE}`,
      { after: Number(sequence), upTo: Number(upTo) },
    )
    for (const row of rows) {
      const fault = faultOf(row, sequence + 1n, hash)
      if (fault !== null) return end(fault)
      sequence += 1n
      entries += 1
      hash = row.entry_hash ?? ''
      last = row
      if (known?.sequence === String(sequence) && known.hash !== hash) return end(faultAt('CHANGED', row, NOT_NOTED))
    }
    if (rows.length === 0) return end(removed(sequence + 1n))
  }
  if (upTo === chain.sequence && hash !== chain.hash)
    return end(
      last === null
        ? removed(sequence)
        : faultAt('CHANGED', last, 'It is not the entry that was signed as the newest.'),
    )
  if (known !== null && BigInt(known.sequence) > sequence) return end(removed(BigInt(known.sequence)))
  return end(null)
}

function faultOf(row: Linked, expected: bigint, previous: string): Fault | null {
  const sequence = BigInt(row.chain_sequence ?? '0')
  if (sequence > expected) return removed(expected)
  if (sequence < expected) return faultAt('ADDED', row, `There are two entries ${sequence}.`)
  if (row.previous_hash !== previous)
    return faultAt('CHANGED', row, 'It does not follow on the entry before it: one of the two was changed.')
  return entryHash(previous, row) === row.entry_hash ? null : faultAt('CHANGED', row, 'It is not what was written.')
}

/** Rows that are in no chain, or beyond its end. */
async function straysOf(sql: Sql, chain: Chain): Promise<Fault | null> {
  const beside = await firstRow(sql, 'chain_sequence IS NULL AND id > :olderId', { olderId: Number(chain.olderId) })
  if (beside !== null) return faultAt('ADDED', beside, 'It was put in beside the chain.')
  const before = await firstRow(sql, 'chain_sequence IS NOT NULL AND id <= :olderId', {
    olderId: Number(chain.olderId),
  })
  if (before !== null) return faultAt('REMOVED', before, 'The chain was begun anew after it.')
  const taken = await firstRow(sql, `chain_sequence IS NULL AND id <= :olderId AND ${CHAINED_ONCE}`, {
    olderId: Number(chain.olderId),
  })
  if (taken !== null) return faultAt('UNSIGNED', taken, 'It had its place in a chain, and was taken out of it.')
  const end = (await readChain(sql))?.sequence ?? chain.sequence
  const beyond = await firstRow(sql, 'chain_sequence > :end', { end: Number(end) })
  // Read again: others write on.
  if (beyond === null || BigInt((await readChain(sql))?.sequence ?? '0') >= BigInt(beyond.chain_sequence ?? '0'))
    return null
  return faultAt('ADDED', beyond, 'It lies beyond the end of the chain.')
}

async function firstRow(
  sql: Sql,
  where: string,
  values: Readonly<Record<string, unknown>> = {},
): Promise<Linked | null> {
  const rows = await sql.query<Linked>(
    `SELECT ${HASHED_AS_TEXT}, previous_hash, entry_hash FROM etl_operation_log WHERE ${where} ORDER BY id LIMIT 1`,
    values,
  )
  return rows[0] ?? null
}

function faultAt(kind: FaultKind, row: Linked, message: string): Fault {
  const { chain_sequence: sequence, log_id: logId, operation_time: time } = row
  return { kind, sequence, logId, time: time === null ? null : isoOf(time), message }
}

const removed = (sequence: bigint): Fault => ({
  ...NOWHERE,
  kind: 'REMOVED',
  sequence: String(sequence),
  message: `Entry ${sequence} is missing.`,
})

const unsigned = ({ sequence }: Chain, problem: string): Fault => ({
  ...NOWHERE,
  kind: 'UNSIGNED',
  sequence,
  message: problem,
})

const isoOf = (time: string): string => `${time.replace(' ', 'T')}Z`
