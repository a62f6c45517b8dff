/** Begin and end of the chain: one row, signed, and locked by whoever writes on. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readKeys } from '../../encryption.js'
import { GENESIS } from './entry.js'
import { traceOfChain } from './mark.js'

/** A connection, or one transaction on it. */
export interface Sql {
  query<T extends object>(sql: string, values?: Readonly<Record<string, unknown>>): Promise<readonly T[]>
  execute(sql: string, values?: Readonly<Record<string, unknown>>): Promise<number>
}

/** Numbers and times as the database writes them. */
export interface Chain {
  readonly sequence: string
  readonly hash: string
  readonly time: string
  readonly anchorSequence: string
  readonly anchorHash: string
  readonly olderId: string
  /** What did not fit when somebody wrote on; it stays. */
  readonly fault: string | null
}

interface Signature {
  readonly keyId: string
  readonly signature: string
}

export interface SignedChain extends Chain, Signature {}

export type Signer = ReturnType<typeof chainSigner>

/** The first of several keys signs, each of them proves. */
export function chainSigner(secretKey: string) {
  const keys = readKeys(secretKey).map(({ id, bytes }) => ({
    id,
    bytes: createHmac('sha256', bytes).update('etl audit chain').digest(),
  }))
  const { id: keyId, bytes } = keys[0]!
  const sign = (text: string, key: Buffer) => createHmac('sha256', key).update(text).digest()
  const signature = (text: string): Signature => ({ keyId, signature: sign(text, bytes).toString('hex') })
  const proves = (text: string, by: Signature): boolean => {
    const key = keys.find(({ id }) => id === by.keyId)
    const given = Buffer.from(by.signature, 'hex')
    return key !== undefined && given.length === 32 && timingSafeEqual(given, sign(text, key.bytes))
  }
  return {
    keyId,
    signature,
    proves,
    signed: (chain: Chain): SignedChain => ({ ...chain, ...signature(textOf(chain)) }),
    /** What is wrong with the signature, or null. */
    problem: (chain: SignedChain): string | null => {
      if (!keys.some(({ id }) => id === chain.keyId))
        return `the end of the chain is signed with key ${chain.keyId}, which is not in ETL_SECRET_KEY`
      return proves(textOf(chain), chain) ? null : 'the end of the chain is not the one that was signed'
    },
  }
}

/** What the signature covers; released, so never changed. */
function textOf({ sequence, hash, time, anchorSequence, anchorHash, olderId, fault }: Chain): string {
  return JSON.stringify(['v1', sequence, hash, time, anchorSequence, anchorHash, olderId, fault])
}

const COLUMNS = `CAST(chain_sequence AS CHAR) AS sequence, entry_hash AS hash, CAST(entry_time AS CHAR) AS time,
  CAST(anchor_sequence AS CHAR) AS anchorSequence, anchor_hash AS anchorHash, CAST(older_id AS CHAR) AS olderId, fault,
  key_id AS keyId, signature`

/** null: nothing was ever written. */
export async function readChain(sql: Sql): Promise<SignedChain | null> {
  return (await sql.query<SignedChain>(`SELECT ${COLUMNS} FROM etl_audit_chain WHERE id = 1`))[0] ?? null
}

/** Within a transaction. `seen`: this process knows that there is one. Where something does not fit, writing goes on, and what did not fit is signed with it: it stays. */
export async function lockChain(sql: Sql, signer: Signer, seen: boolean): Promise<Chain> {
  const known = (await readLocked(sql)) ?? (await beginChain(sql, signer, seen))
  const { keyId: _keyId, signature: _signature, ...chain } = known
  const problem = signer.problem(known)
  return problem === null || chain.fault !== null
    ? chain
    : { ...chain, fault: `At entry ${chain.sequence} ${problem}.` }
}

export async function writeChain(sql: Sql, chain: SignedChain): Promise<void> {
  await sql.execute(
    `UPDATE etl_audit_chain SET chain_sequence = :sequence, entry_hash = :hash, entry_time = :time,
        anchor_sequence = :anchorSequence, anchor_hash = :anchorHash, older_id = :olderId, fault = :fault,
        key_id = :keyId, signature = :signature
      WHERE id = 1`,
    { ...chain },
  )
}

async function readLocked(sql: Sql): Promise<SignedChain | null> {
  return (await sql.query<SignedChain>(`SELECT ${COLUMNS} FROM etl_audit_chain WHERE id = 1 FOR UPDATE`))[0] ?? null
}

/**
 * What there is already was written by a version without a chain; where it was not, somebody has removed one, and that stays.
 * Two that begin at once: the second finds the row.
 */
async function beginChain(sql: Sql, signer: Signer, seen: boolean): Promise<SignedChain> {
  const [older] = await sql.query<{ id: string | null }>('SELECT CAST(MAX(id) AS CHAR) AS id FROM etl_operation_log')
  const trace = (await traceOfChain(sql)) ?? (seen ? 'this process has written into one' : null)
  const begun = signer.signed({
    sequence: '0',
    hash: GENESIS,
    time: '1970-01-01 00:00:00.000',
    anchorSequence: '0',
    anchorHash: GENESIS,
    olderId: older?.id ?? '0',
    fault: trace === null ? null : `The chain was begun anew, because its end was missing; ${trace}.`,
  })
  await sql.execute(
    `INSERT IGNORE INTO etl_audit_chain
        (id, chain_sequence, entry_hash, entry_time, anchor_sequence, anchor_hash, older_id, fault, key_id, signature)
      VALUES (1, :sequence, :hash, :time, :anchorSequence, :anchorHash, :olderId, :fault, :keyId, :signature)`,
    { ...begun },
  )
  return (await readLocked(sql)) ?? begun
}
