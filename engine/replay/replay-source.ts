/** Stands where a node's output does, and gives dead letters: text as the node's own source reads it, JSON by column. */
import type { OriginalRecord, Source, SourceBatch } from '../../connectors/spi.js'
import { JobError } from '../../core/errors/job-error.js'
import type { StreamNode } from '../../core/graph/stream-graph.js'
import type { Session } from '../../duckdb/session.js'
import type { EngineParts } from '../engine.js'
import { typedRecords } from './typed-records.js'

/** All in one epoch: what a replay takes at most is far below what one holds. */
export function replaySource(node: StreamNode, own: () => Promise<Source>, parts: EngineParts): Source {
  const id = node.replay?.id ?? null
  return {
    schema: async () => node.schema,
    plan: async (_from, _budget, parallelism) => ({
      splits: Array.from({ length: parallelism }, (_, subtask) =>
        subtask === 0 && id !== null ? [{ replay: id }] : [],
      ),
      to: 'end',
      end: true,
    }),
    async *read(_split, _schema, session) {
      if (id === null) return { position: 'end', end: true }
      if (parts.deadLetters === undefined) throw new JobError('internal', 'Dead letters are kept by a server only.')
      const records = await parts.deadLetters(id)
      const typed = records.filter(({ form }) => form.kind === 'JSON')
      const written = records.filter(({ form }) => form.kind === 'TEXT')
      if (typed.length > 0) yield placed(await typedRecords(typed, node.schema, session), typed)
      if (written.length > 0) yield* readText(await own(), written, node, session)
      return { position: 'end', end: true }
    },
  }
}

async function* readText(own: Source, records: readonly OriginalRecord[], node: StreamNode, session: Session) {
  if (own.again === undefined)
    throw new JobError('request.unsupported', `The source ${node.id} does not read single records of text.`)
  for await (const batch of own.again(records, node.schema, session)) yield placed(batch, records)
}

/** A record is where it was before, however often it is replayed. */
function placed(batch: SourceBatch, records: readonly OriginalRecord[]): SourceBatch {
  const recordAt = (number: number | undefined) => records[number ?? 0]
  return {
    ...batch,
    place: (index) => recordAt(batch.place(index).record)?.place ?? {},
    async isolate() {
      const { select, rejected } = await batch.isolate()
      const told = rejected.map((one) => {
        const record = recordAt(one.place.record)
        return record === undefined ? one : { ...one, original: record.text, form: record.form, place: record.place }
      })
      return { select, rejected: told }
    },
  }
}
