import type { Problem } from '../../core/errors/problem.js'
import type { Schema } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { pointerTo } from '../../core/spec/pointer.js'
import type { KafkaClient } from './client.js'
import { canPack } from './compression.js'
import { type KafkaSinkConfig, keyOf } from './config.js'
import { payloadOf } from './encode.js'

/** What does not fit between the records and the topic, all at once. */
export async function checkTarget(
  client: KafkaClient,
  config: KafkaSinkConfig,
  input: Schema,
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const problem = (path: readonly string[], message: string, hint: string | null, code = 'schema.mismatch') =>
    problems.push({ pointer: pointerTo(path), nodeId: null, code, message, hint })
  if ((await client.topic(config.topic)) === null) {
    const near = nearestHint(config.topic, await client.topics())
    problem(
      ['topic'],
      `There is no topic ${config.topic}.`,
      near ?? 'Make it, with as many partitions as it should have.',
    )
  }
  const names = input.map(({ name }) => name)
  const known = new Set(names.map((name) => name.toLowerCase()))
  const missing = (path: readonly string[], name: string) => {
    if (known.has(name.toLowerCase())) return
    problem(
      path,
      `The records have no column \`${name}\`.`,
      nearestHint(name, names) ?? `They have: ${names.join(', ')}.`,
    )
  }
  for (const name of keyOf(config)) missing(['key'], name)
  for (const [header, name] of Object.entries(config.headers ?? {})) missing(['headers', header], name)
  const payload = payloadOf(config, input)
  if (config.format === 'raw' && payload.length !== 1) {
    const which = payload.length === 0 ? 'none is left' : payload.map(({ name }) => name).join(', ')
    problem(['format'], `A raw message is one column beside key and headers: ${which}.`, 'Select one column with MAP.')
  }
  if (!canPack(config.compression)) {
    problem(
      ['compression'],
      `This Node (${process.version}) cannot compress with zstd.`,
      'Use lz4, or Node 22.15 and newer.',
      'sink.unsupported',
    )
  }
  return problems
}
