/** What starts executions besides people: the ends of other executions, events from outside, retries that fall due. */
import type { Database } from '../database.js'
import type { Page } from '../page.js'
import { type Dependencies, dependenciesOf } from './trigger/dependencies.js'
import { factsBefore } from './trigger/facts.js'
import { type EventFilter, type FactRecord, findEvent, listFacts } from './trigger/list-facts.js'
import { startDueRetries } from './trigger/retry.js'
import { tellMissedSlas } from './trigger/sla.js'
import { type Matches, type OutsideEvent, outsideId, recordEvent, startByEvent } from './trigger/start-by-event.js'
import type { Triggered } from './trigger/start-by-schedule.js'
import { startDependants } from './trigger/start-dependants.js'

export type { FactRecord } from './trigger/list-facts.js'
export type { Matches, OutsideEvent } from './trigger/start-by-event.js'
export type { Triggered } from './trigger/start-by-schedule.js'

export interface TriggerStore {
  /** Starts what depends on this execution, once it has ended. Asked again: nothing more. */
  startDependants(executionId: string): Promise<readonly Triggered[]>
  /** Durable once it answers; false: its id was there already. */
  recordEvent(event: OutsideEvent): Promise<boolean>
  /** Starts what waits for the event. Asked again: nothing more. */
  startByEvent(id: string, matches: Matches): Promise<readonly Triggered[]>
  /** What has become of it; null: there is none. */
  event(id: string): Promise<FactRecord | null>
  /** Ends and events, newest first, each with what jobs have made of it. */
  list(filter: EventFilter): Promise<Page<FactRecord>>
  /** What the job waits for, and what waits for it. */
  dependencies(jobId: string): Promise<Dependencies>
  /** Facts from before `before` of which nobody has made anything: who wrote them died. */
  startUnhandled(
    before: Date,
    matches: Matches,
    failed: (eventId: string, error: unknown) => void,
  ): Promise<readonly Triggered[]>
  startDueRetries(now: Date): Promise<readonly Triggered[]>
  /** Says of each execution that should have ended by now that it has not, once; answers how many. */
  tellMissedSlas(now: Date): Promise<number>
}

/** In one pass; what is left is for the next. */
const AT_ONCE = 500

export function triggerStore(db: Database): TriggerStore {
  return {
    startDependants: (executionId) => startDependants(db, executionId),
    recordEvent: (event) => recordEvent(db, event),
    startByEvent: (id, matches) => startByEvent(db, outsideId(id), matches),
    event: (id) => findEvent(db, outsideId(id)),
    list: (filter) => listFacts(db, filter),
    dependencies: (jobId) => dependenciesOf(db, jobId),
    startUnhandled: async (before, matches, failed) => {
      const started: Triggered[] = []
      for (const { eventId, isEnd } of await factsBefore(db, before, AT_ONCE)) {
        try {
          started.push(...(await (isEnd ? startDependants(db, eventId) : startByEvent(db, eventId, matches))))
        } catch (error) {
          failed(eventId, error)
        }
      }
      return started
    },
    startDueRetries: (now) => startDueRetries(db, now, AT_ONCE),
    tellMissedSlas: (now) => tellMissedSlas(db, now, AT_ONCE),
  }
}
