import type { RestartConfig } from '../restart/strategy.js'
import { parseDuration } from './duration.js'
import { normaliseValue } from './parameter-values.js'
import type { JobSpec } from './schema.js'
import { defaultMaxParallelism, type JobSettings, type ParameterDeclaration } from './settings.js'

/** Fills in the defaults (SURFACES section 2; they differ by type) and turns durations into milliseconds. */
export function toSettings(spec: JobSpec): JobSettings {
  const type = spec.type ?? 'BATCH'
  const positions = spec.positions ?? 'FRESH'
  return {
    name: spec.name,
    type,
    tags: spec.tags ?? [],
    parallelism: spec.parallelism ?? 1,
    maxParallelism: spec.maxParallelism ?? defaultMaxParallelism,
    delivery: spec.delivery ?? 'EXACTLY_ONCE',
    positions,
    checkpoint: {
      intervalMs: ms(spec.checkpoint?.interval ?? (type === 'BATCH' ? '30s' : '5s')),
      timeoutMs: ms(spec.checkpoint?.timeout ?? '10m'),
      retained: spec.checkpoint?.retained ?? null,
      tolerableFailures: spec.checkpoint?.tolerableFailures ?? 0,
    },
    restart: toRestart(spec.restart, type),
    onBadRecord: {
      action: spec.onBadRecord?.action ?? 'FAIL',
      max: spec.onBadRecord?.max ?? null,
      maxRatio: spec.onBadRecord?.maxRatio ?? null,
    },
    timeoutMs: spec.timeout === undefined ? null : ms(spec.timeout),
    maxConcurrentRuns: positions === 'CONTINUE' ? 1 : (spec.maxConcurrentRuns ?? 1),
    overlap: spec.overlap ?? 'WAIT',
    priority: spec.priority ?? 0,
    retry: spec.retry === undefined ? null : { max: spec.retry.max, delayMs: ms(spec.retry.delay ?? '5m') },
    slaMs: spec.sla === undefined ? null : ms(spec.sla),
    parameters: toDeclarations(spec.parameters ?? {}),
  }
}

export function toRestart(restart: JobSpec['restart'], type: 'BATCH' | 'STREAMING'): RestartConfig {
  const given: NonNullable<JobSpec['restart']> = restart ?? {
    strategy: type === 'BATCH' ? 'FIXED_DELAY' : 'EXPONENTIAL_BACKOFF',
  }
  switch (given.strategy) {
    case 'NONE':
      return { strategy: 'NONE' }
    case 'FIXED_DELAY':
      return { strategy: 'FIXED_DELAY', maxRestarts: given.maxRestarts ?? 3, delayMs: ms(given.delay ?? '10s') }
    case 'EXPONENTIAL_BACKOFF':
      return {
        strategy: 'EXPONENTIAL_BACKOFF',
        initialDelayMs: ms(given.initialDelay ?? '1s'),
        maxDelayMs: ms(given.maxDelay ?? '1m'),
        multiplier: given.multiplier ?? 2,
        jitter: given.jitter ?? 0.1,
        resetAfterMs: ms(given.resetAfter ?? '10m'),
        maxRestarts: given.maxRestarts ?? (type === 'BATCH' ? 10 : 'UNLIMITED'),
      }
    case 'FAILURE_RATE':
      return {
        strategy: 'FAILURE_RATE',
        maxFailures: given.maxFailures ?? 3,
        intervalMs: ms(given.interval ?? '5m'),
        delayMs: ms(given.delay ?? '10s'),
      }
  }
}

function toDeclarations(parameters: NonNullable<JobSpec['parameters']>): Record<string, ParameterDeclaration> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { type, default: fallback, description }]) => [
      name,
      {
        type,
        default: fallback === undefined ? null : normaliseValue(name, type, fallback),
        description: description ?? null,
      },
    ]),
  )
}

/** The schema has checked how it is written. */
function ms(duration: string): number {
  return parseDuration(duration) ?? 0
}
