/** What the SPI says of a source or a sink, in sentences: what is guaranteed, and where it ends. */
import type { ConnectionKind, SinkKind, SourceKind } from '../../connectors/spi.js'

export function ofConnection({ discover }: ConnectionKind<unknown>): readonly string[] {
  return [
    'It can be tested: `etl connections test NAME`.',
    discover === undefined
      ? 'It cannot be asked what it leads to.'
      : 'It tells what can be read and written through it: `etl connections discover NAME`.',
  ]
}

export function ofSource({ guarantees, partitions, endless }: SourceKind<unknown, unknown>): readonly string[] {
  const { replayable, parallel } = guarantees
  return [
    replayable
      ? '**Replayable.** An epoch that runs again reads the same records from it again.'
      : '**Captured.** It may answer otherwise when it is asked again: what an epoch reads is kept in the checkpoint store before it is used, unless all of it goes straight to one commit.',
    parallel
      ? '**Parallel.** Its input is dealt to as many subtasks as its node asks for.'
      : '**One subtask**, whatever `parallelism` says.',
    partitions
      ? '**Partitioned.** Event time and lateness are judged for each of its partitions.'
      : '**One partition.** Event time is judged in the order of the whole source.',
    endless === undefined
      ? '**STREAMING**: its input has an end.'
      : '**STREAMING**: depending on its settings it goes on for as long as the job runs.',
  ]
}

export function ofSink(sink: SinkKind<unknown, unknown>): readonly string[] {
  const { exactlyOnce, upsert, parallel } = sink.guarantees
  return [
    exactlyOnce
      ? '**EXACTLY_ONCE.** The records of an epoch and its mark become visible together, once, whatever was killed or restarted.'
      : '**AT_LEAST_ONCE.** An epoch that runs again is written again; the job has to say `delivery: AT_LEAST_ONCE`.',
    upsert
      ? '**Upsert.** A record may take the place of the one with the same key.'
      : '**No upsert.** A result that changes is written beside the one before.',
    parallel
      ? '**Parallel.** As many subtasks write as its node asks for.'
      : '**One subtask**, whatever `parallelism` says.',
    sink.replaces === undefined
      ? '**No REPLACE.** What is there stays.'
      : '**REPLACE.** It can put what was written in the place of what was there, in one step, when a BATCH job ends.',
    ...(sink.key === undefined
      ? []
      : ['**Order.** Records that agree in its `key` are written in the order of the source.']),
  ]
}
