/**
 * That there is a chain is remembered beside it too, signed: whoever removes the chain with its end has to know of this as well,
 * and cannot make another.
 */
import type { Signer, Sql } from './chain.js'

/** Among the settings, and none of them. */
export const CHAIN_MARK = 'audit.chain'

interface Mark {
  /** When the first chain began, as the database writes it. */
  readonly begun: string
  readonly keyId: string
  readonly signature: string
}

/** Why there has been a chain before, though its end is missing; null: nothing tells of one. */
export async function traceOfChain(sql: Sql): Promise<string | null> {
  const mark = await readMark(sql)
  if (mark !== null) return `a chain has been there since ${mark.begun}`
  const [row] = await sql.query<{ log: string }>(
    `SELECT log_id AS log FROM etl_operation_log WHERE chain_sequence IS NOT NULL OR ${CHAINED_ONCE} ORDER BY id LIMIT 1`,
  )
  return row === undefined ? null : `entry ${row.log} was written into a chain`
}

/** What versions before the chain did not write: such a row had its place in one. */
export const CHAINED_ONCE = "(start_time IS NOT NULL OR operation_type IN ('START_API', 'MIGRATE'))"

/** What is wrong with it, or null. */
export async function markProblem(sql: Sql, signer: Signer): Promise<string | null> {
  const mark = await readMark(sql)
  if (mark === null) return 'the mark that there is a chain is missing'
  return signer.proves(markText(mark.begun), mark)
    ? null
    : 'the mark that there is a chain is not the one that was signed'
}

/** Within the transaction that writes on. Signed with the key that signs now, so that an older one may go. */
export async function keepMark(sql: Sql, signer: Signer): Promise<void> {
  const known = await readMark(sql)
  if (known !== null && known.keyId === signer.keyId && signer.proves(markText(known.begun), known)) return
  const [server] = await sql.query<{ now: string }>('SELECT CAST(UTC_TIMESTAMP(3) AS CHAR) AS now')
  const begun = known?.begun ?? server?.now ?? ''
  const mark: Mark = { begun, ...signer.signature(markText(begun)) }
  await sql.execute(
    `INSERT INTO etl_system_config (config_key, config_value, config_type, config_group, description, is_readonly)
      VALUES (:key, :mark, 'JSON', 'audit', 'That there is a chain of the audit', 1)
      ON DUPLICATE KEY UPDATE config_value = :mark`,
    { key: CHAIN_MARK, mark: JSON.stringify(mark) },
  )
}

async function readMark(sql: Sql): Promise<Mark | null> {
  const [row] = await sql.query<{ mark: string | null }>(
    'SELECT config_value AS mark FROM etl_system_config WHERE config_key = :key',
    { key: CHAIN_MARK },
  )
  if (row === undefined) return null
  try {
    const { begun, keyId, signature } = JSON.parse(row.mark ?? '') as Partial<Mark>
    return { begun: String(begun), keyId: String(keyId), signature: String(signature) }
  } catch {
    // Somebody wrote over it: that it is there tells as much.
    return { begun: '?', keyId: '', signature: '' }
  }
}

const markText = (begun: string): string => JSON.stringify(['mark v1', begun])
