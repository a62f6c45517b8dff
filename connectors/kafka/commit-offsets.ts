import { JobError } from '../../core/errors/job-error.js'
import type { KafkaClient } from './client.js'
import type { KafkaSourceConfig } from './config.js'
import { isAnswer } from './kafka-fault.js'
import type { Offsets } from './position.js'

/** Tells a consumer group how far reading has got, for those who watch its lag; nothing of ours reads it. */
export async function commitOffsets(
  client: KafkaClient,
  { topic, groupId = '' }: KafkaSourceConfig,
  offsets: Offsets,
): Promise<void> {
  const partitions = Object.entries(offsets).map(([partition, offset]) => ({
    partitionIndex: Number(partition),
    committedOffset: BigInt(offset),
    committedLeaderEpoch: -1,
    committedMetadata: null,
  }))
  try {
    await client.ask({ of: 'COORDINATOR', kind: 'GROUP', id: groupId }, (connection) =>
      client.wire.offsetCommitV8.api.async(connection, groupId, -1, '', null, [{ name: topic, partitions }]),
    )
  } catch (error) {
    if (!isAnswer(error, 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS')) throw error
    throw new JobError('config.invalid', `The consumer group ${groupId} has consumers of its own.`, {
      cause: error,
      pointer: '/groupId',
      hint: 'Name a group that nobody else uses.',
    })
  }
}
