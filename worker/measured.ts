/** The worker's steps and its journal, as Prometheus counts them. */
import { bytesOf } from '../core/execution/byte-totals.js'
import type { Journal } from '../core/execution/journal.js'
import { totalsOfEpoch } from '../core/execution/record-totals.js'
import type { Board } from '../core/metrics/board.js'
import type { WorkerMeters } from '../telemetry/worker-meters.js'

export function measuredBoard(board: Board, meters: WorkerMeters): Board {
  return {
    ...board,
    begin(step, nowMs) {
      const shown = board.begin(step, nowMs)
      return {
        ...shown,
        ended(endMs, result) {
          shown.ended(endMs, result)
          const done = result && {
            records: totalsOfEpoch(step.graph, step.phase, result.counters),
            bytes: bytesOf(step.graph, result.counters),
            exchangeBytes: result.exchanges.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
          }
          meters.stepEnded(step.jobName, (endMs - nowMs) / 1000, done)
        },
      }
    },
  }
}

export function measuredJournal(journal: Journal, meters: WorkerMeters): Journal {
  return {
    ...journal,
    completeCheckpoint: async (owner, commit) => {
      const next = await journal.completeCheckpoint(owner, commit)
      meters.epochCommitted(commit.durationMs / 1000, commit.stateSizeBytes)
      return next
    },
    storeRestart: async (...given) => {
      const owner = await journal.storeRestart(...given)
      meters.restarted()
      return owner
    },
    event: async (executionId, event) => {
      await journal.event(executionId, event)
      if (event.type === 'CHECKPOINT_FAILED') meters.checkpointFailed()
    },
  }
}
