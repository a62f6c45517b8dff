/** Before a month of the audit is dropped, the chain begins after it. */
import type { PartitionedTable } from '../../schema/partitions.js'
import type { HouseConnection } from '../maintenance/house-connection.js'
import { chainSigner, lockChain, readChain, writeChain } from './chain.js'
import { CHAINED_ONCE } from './mark.js'
import { walkChain } from './verify.js'

/** Why the month has to stay, or null. What has been changed is evidence. */
export async function anchorMonth(
  house: HouseConnection,
  table: PartitionedTable,
  partition: string,
  secretKey: string,
): Promise<string | null> {
  if (table !== 'etl_operation_log') return null
  const [last] = await house.query<{ sequence: string | null }>(
    `SELECT CAST(MAX(chain_sequence) AS CHAR) AS sequence FROM ${table} PARTITION (${partition})`,
  )
  const sequence = last?.sequence ?? null
  const known = await readChain(house)
  const [taken] = await house.query(`SELECT 1 AS one FROM ${table} PARTITION (${partition})
      WHERE chain_sequence IS NULL AND ${CHAINED_ONCE} LIMIT 1`)
  if (taken !== undefined) return 'entries of it were taken out of the chain'
  if (sequence === null) return null
  if (known === null) return 'the end of the chain is missing'
  if (BigInt(sequence) <= BigInt(known.anchorSequence)) return null
  const { fault, hash } = await walkChain(house, known, sequence)
  if (fault !== null) return fault.message
  const signer = chainSigner(secretKey)
  return await house.transaction(async () => {
    const chain = await lockChain(house, signer, true)
    if (chain.fault !== null) return chain.fault
    if (chain.anchorSequence !== known.anchorSequence) return null
    await writeChain(house, signer.signed({ ...chain, anchorSequence: sequence, anchorHash: hash }))
    return null
  })
}
