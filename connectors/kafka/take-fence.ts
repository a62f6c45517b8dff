import { createHash } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import { compareFences, type Fence } from '../../core/execution/fence.js'
import type { Mark, SinkKey } from '../spi.js'
import type { KafkaClient } from './client.js'
import { type TopicWriter, topicWriter } from './produce.js'
import { type Progress, progressPartition, progressTopic, readProgress, writeProgress } from './progress-topic.js'
import { endTransaction, initProducer, isOvertaken } from './transaction.js'
import type { Producer } from './write-batch.js'

/** Who may write, and what has been written before. */
export interface Taken {
  readonly producer: Producer
  readonly committed: Mark | null
  /** null: no marks are kept. */
  readonly progress: ProgressOf | null
}

export interface ProgressOf {
  setMark(mark: Mark): Promise<void>
  /** Says what it means that another producer has taken the transactional id, or that the transaction ran out of time. */
  explain(error: unknown): Promise<unknown>
}

/**
 * Ends the writers before, and leaves the fence where those that come after find it, committed at once. Throws `fenced`.
 * Whoever is older quits before it takes the transactional id: else it would end the newer one's transaction.
 */
export async function takeFence(client: KafkaClient, key: SinkKey, fence: Fence): Promise<Taken> {
  const partition = await progressPartition(client, key)
  refuseOlder(await readProgress(client, partition, key), fence)
  const producer = await initProducer(client, transactionalId(key))
  // Only now is what the writers before have committed all that they ever will.
  const progress = await readProgress(client, partition, key)
  refuseOlder(progress, fence)
  const explain = async (error: unknown) => {
    if (!isOvertaken(error)) return error
    const now = await readProgress(client, partition, key).catch(() => progress)
    return now.fence !== null && compareFences(now.fence, fence) > 0 ? fenced() : interrupted(error)
  }
  let writer: TopicWriter = topicWriter(client, producer, progressTopic, 'none')
  try {
    await writeProgress(writer, partition, key, 'fence', fence)
    await endTransaction(client, producer, true)
  } catch (error) {
    throw await explain(error)
  }
  // A transaction has partitions of its own; sequences go on.
  writer = topicWriter(client, producer, progressTopic, 'none', writer.sequences)
  return {
    producer,
    committed: progress.mark,
    progress: { setMark: (mark) => writeProgress(writer, partition, key, 'mark', mark), explain },
  }
}

function refuseOlder({ prepared, fence: taken }: Progress, fence: Fence): void {
  // Where nothing was prepared, somebody cleared the lineage away.
  if (!prepared || (taken !== null && compareFences(taken, fence) > 0)) throw fenced()
}

const fenced = () => new JobError('fenced', 'A newer attempt writes to this topic now.')

const interrupted = (cause: unknown) =>
  new JobError('sink.refused', 'The transaction was ended by the brokers: it took too long, or was interrupted.', {
    cause,
    hint: 'A smaller `checkpoint.interval` makes shorter transactions.',
  })

/** Within the 249 characters and the letters that names of brokers may have, and telling who it is. */
function transactionalId({ lineageId, sinkUid, subtask }: SinkKey): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([lineageId, sinkUid, subtask]))
    .digest('hex')
  return `etl-${hash.slice(0, 40)}`
}
