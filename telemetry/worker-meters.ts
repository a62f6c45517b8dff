/** What a worker counts for Prometheus: since it began, of what it did itself. */
import { Counter, Gauge, Histogram } from 'prom-client'
import type { ByteTotals } from '../core/execution/byte-totals.js'
import type { RecordTotals } from '../core/execution/record-totals.js'
import { boundedLabel, DURATIONS, type Exposition, expositionOf, openRegistry } from './registry.js'

export interface WorkerMeters {
  readonly exposition: Exposition
  /** null: it failed. */
  stepEnded(
    jobName: string,
    seconds: number,
    done: { readonly records: RecordTotals; readonly bytes: ByteTotals; readonly exchangeBytes: number } | null,
  ): void
  epochCommitted(seconds: number, stateSizeBytes: number): void
  checkpointFailed(): void
  restarted(): void
  sampleDropped(): void
}

const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]

export function openWorkerMeters(slots: number, slotsUsed: () => number): WorkerMeters {
  const registry = openRegistry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames, registers })
  const records = counter(
    'etl_worker_records_total',
    'Records through steps of this worker, those of steps that were run again included.',
    ['job', 'kind'],
  )
  const bytes = counter(
    'etl_worker_bytes_total',
    'Bytes read by sources and written by sinks in steps of this worker, as far as connectors know.',
    ['job', 'direction'],
  )
  const steps = counter('etl_worker_steps_total', 'Steps (one subtask of one chain for one epoch) that have ended.', [
    'result',
  ])
  const exchanged = counter('etl_worker_exchange_bytes_total', 'Bytes of the files by which chains hand records on.')
  const epochs = counter('etl_worker_epochs_total', 'Epochs that this worker has committed.')
  const failures = counter('etl_worker_checkpoint_failures_total', 'Checkpoints that failed.')
  const restarts = counter(
    'etl_worker_restarts_total',
    'Failures of executions that were put to their restart strategy.',
  )
  const dropped = counter(
    'etl_worker_samples_dropped_total',
    'Samples given up because the catalogue was away for too long.',
  )
  const histogram = (name: string, help: string, buckets: number[]) => new Histogram({ name, help, buckets, registers })
  const stepSeconds = histogram('etl_worker_step_duration_seconds', 'How long steps take.', DURATIONS)
  const epochSeconds = histogram(
    'etl_worker_checkpoint_duration_seconds',
    'From the plan of an epoch to its commit.',
    DURATIONS,
  )
  const sizes = histogram('etl_worker_checkpoint_size_bytes', 'State that a checkpoint names.', SIZES)
  gauge('etl_worker_slots', 'Steps that this worker runs at a time.', () => slots)
  gauge('etl_worker_slots_used', 'Steps that it runs now.', slotsUsed)
  const label = boundedLabel()
  return {
    exposition: expositionOf(registry),
    stepEnded(jobName, seconds, done) {
      steps.inc({ result: done === null ? 'failed' : 'done' })
      stepSeconds.observe(seconds)
      if (done === null) return
      const job = label(jobName)
      for (const [kind, count] of Object.entries(done.records))
        if (count > 0) records.inc({ job, kind: kind === 'sideRead' ? 'side_read' : kind }, count)
      for (const [direction, count] of Object.entries(done.bytes)) if (count > 0) bytes.inc({ job, direction }, count)
      exchanged.inc(done.exchangeBytes)
    },
    epochCommitted(seconds, stateSizeBytes) {
      epochs.inc()
      epochSeconds.observe(seconds)
      sizes.observe(stateSizeBytes)
    },
    checkpointFailed: () => failures.inc(),
    restarted: () => restarts.inc(),
    sampleDropped: () => dropped.inc(),
  }

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
}
