import type { KafkaClient } from './client.js'
import { isAnswer } from './kafka-fault.js'
import type { Producer } from './write-batch.js'

/** A transaction may be open as long as an epoch takes; brokers allow 15 minutes unless told otherwise. */
const timeouts = [600_000, 60_000]

/**
 * A new epoch of the transactional id: older producers of it are refused from now on, and what they have not committed is
 * gone when this answers. Without an id: one of no transactions.
 */
export async function initProducer(client: KafkaClient, transactionalId: string | null): Promise<Producer> {
  for (const [index, timeout] of timeouts.entries()) {
    try {
      const asked = transactionalId === null ? anyBroker : coordinator(transactionalId)
      // Both -1: whatever the epoch before was.
      const answer = await client.ask(asked, (connection) =>
        client.wire.initProducerIdV4.api.async(connection, transactionalId, timeout, -1n, -1),
      )
      return { id: answer.producerId, epoch: answer.producerEpoch, transactionalId }
    } catch (error) {
      if (index + 1 === timeouts.length || !isAnswer(error, 'INVALID_TRANSACTION_TIMEOUT')) throw error
    }
  }
  throw new Error('unreachable')
}

/** The transaction begins with its first partition. */
export async function addPartition(
  client: KafkaClient,
  { id, epoch, transactionalId }: Producer,
  topic: string,
  partition: number,
): Promise<void> {
  if (transactionalId === null) return
  const topics = [{ name: topic, partitions: [partition] }]
  const transaction = { transactionalId, producerId: id, producerEpoch: epoch, verifyOnly: false, topics }
  // Later versions of this request are for brokers.
  await client.ask(coordinator(transactionalId), (connection) =>
    client.wire.addPartitionsToTxnV3.api.async(connection, [transaction]),
  )
}

/** Asked again after a lost answer, the same end is no error. */
export async function endTransaction(
  client: KafkaClient,
  { id, epoch, transactionalId }: Producer,
  commit: boolean,
): Promise<void> {
  if (transactionalId === null) return
  await client.ask(coordinator(transactionalId), (connection) =>
    client.wire.endTxnV3.api.async(connection, transactionalId, id, epoch, commit),
  )
}

/** Another producer has taken the transactional id, or the transaction has run out of time. */
export function isOvertaken(error: unknown): boolean {
  return isAnswer(
    error,
    'INVALID_PRODUCER_EPOCH',
    'PRODUCER_FENCED',
    'INVALID_PRODUCER_ID_MAPPING',
    'INVALID_TXN_STATE',
    'TRANSACTION_ABORTABLE',
    'UNKNOWN_PRODUCER_ID',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
  )
}

const anyBroker = { of: 'ANY' } as const
const coordinator = (id: string) => ({ of: 'COORDINATOR', kind: 'TRANSACTION', id }) as const
