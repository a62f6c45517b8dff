import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { declaredColumns } from '../declared-columns.js'
import { sourceConfig as fileConfig } from '../file/config.js'
import { inferColumns } from '../file/infer-columns.js'
import type { KafkaClient } from './client.js'
import type { KafkaSourceConfig } from './config.js'
import { metadataSchema } from './metadata.js'
import { offsetsAt } from './offsets.js'
import { topicOf } from './plan-topic.js'
import { readPartition } from './read-partition.js'
import type { Message } from './record-batches.js'

/** Columns are inferred from so many bytes of messages, of so many partitions. */
const sampleBytes = 8 * 1024 * 1024
const samplePartitions = 16
const sampleOffsets = 10_000

/** Payload first, then metadata. */
export async function columnsOf(client: KafkaClient, config: KafkaSourceConfig, session: Session): Promise<Schema> {
  const payload = config.columns
    ? await declaredColumns(config.columns, session)
    : config.format === 'raw'
      ? [{ name: 'value', type: 'VARCHAR' }]
      : await inferred(client, config, session)
  const same = payload.find(({ name }) => config.metadata.some((fact) => fact === name.toLowerCase()))
  if (same === undefined) return [...payload, ...metadataSchema(config.metadata)]
  throw new JobError('config.invalid', `The messages have a column \`${same.name}\` of their own.`, {
    pointer: '/metadata',
    hint: `Declare \`columns\` without it, or leave \`${same.name.toLowerCase()}\` out of \`metadata\`.`,
  })
}

/** As of a file of JSON lines; what is no object says nothing about columns. */
async function inferred(client: KafkaClient, config: KafkaSourceConfig, session: Session): Promise<Schema> {
  const lines: Buffer[] = []
  let size = 0
  for await (const { bytes, valueAt, valueLength } of sample(client, config)) {
    if (valueLength <= 0) continue
    const line = Buffer.from(bytes.subarray(valueAt, valueAt + valueLength))
    for (let at = line.indexOf(10); at >= 0; at = line.indexOf(10, at)) line[at] = 32
    lines.push(line, Buffer.from('\n'))
    size += line.length + 1
    if (size > sampleBytes) break
  }
  if (lines.length === 0) throw cannotInfer(config.topic, 'it holds no messages yet')
  const path = join(session.folder, 'messages.jsonl')
  await writeFile(path, Buffer.concat(lines))
  try {
    const file = { path, size, mtimeMs: 0 }
    return await inferColumns([file], 'jsonl', fileConfig.parse({ path, format: 'jsonl' }), session)
  } catch (error) {
    if (!isJobError(error) || error.code !== 'source.unreadable') throw error
    throw cannotInfer(config.topic, error.message.split(' cannot be told: ')[1] ?? error.message, error)
  }
}

/** The oldest messages of each partition. */
async function* sample(client: KafkaClient, config: KafkaSourceConfig): AsyncGenerator<Message, void, void> {
  const { partitions } = await topicOf(client, config.topic)
  const looked = partitions.slice(0, samplePartitions)
  const from = await offsetsAt(client, config.topic, looked, 'EARLIEST')
  const end = await offsetsAt(client, config.topic, looked, 'STABLE')
  for (const partition of looked) {
    const to = Math.min(end[partition]!, from[partition]! + Math.ceil(sampleOffsets / looked.length))
    const split = { partition, from: from[partition]!, to }
    for await (const messages of readPartition(client, config.topic, split)) yield* messages
  }
}

const cannotInfer = (topic: string, why: string, cause?: unknown) =>
  new JobError('source.unreadable', `The columns of topic ${topic} cannot be told: ${why.replace(/\.$/, '')}.`, {
    cause,
    pointer: '/columns',
    hint: 'Declare `columns: {name: TYPE}`.',
  })
