/** When groups are told, and what is kept of them until then. */
import type { Compiled } from '../operator.js'
import type { TimeToLive } from '../state/time-to-live.js'
import type { Grouping } from './grouping.js'
import { keepPartials } from './keep-partials.js'
import { keepRecords } from './keep-records.js'
import type { PartialAggregate } from './partial-aggregates.js'
import { updatePartials } from './update-partials.js'
import { updateRecords } from './update-records.js'

export interface Keeping {
  /** Accumulators, where every aggregate has partial results. */
  readonly partials: (grouping: Grouping, partials: readonly PartialAggregate[]) => Compiled
  /** The records themselves, where one has none. */
  readonly records: (grouping: Grouping) => Compiled
}

/** BATCH: told at the end of the input. */
export const untilTheEnd: Keeping = { partials: keepPartials, records: keepRecords }

/** STREAMING, without windows: told after every epoch that has changed them. */
export const whileTheyChange = (ttl: TimeToLive | null): Keeping => ({
  partials: (grouping, partials) => updatePartials(grouping, partials, ttl),
  records: (grouping) => updateRecords(grouping, ttl),
})
