/** What starts executions besides people: the ends of other executions, events from outside, retries that fall due. */
import type { Database } from '../database.js'
import type { Page } from '../page.js'
import type { Told } from './schedule/troubles.js'
import { type Dependencies, dependenciesOf } from './trigger/dependencies.js'
import { eachInTurn, type Failed } from './trigger/each-in-turn.js'
import { factsBefore, type Unhandled } from './trigger/facts.js'
import { type EventFilter, type FactRecord, findEvent, listFacts } from './trigger/list-facts.js'
import { startDueRetries } from './trigger/retry.js'
import { tellMissedSlas } from './trigger/sla.js'
import { type Matches, type OutsideEvent, outsideId, recordEvent, startByEvent } from './trigger/start-by-event.js'
import type { Triggered } from './trigger/start-by-schedule.js'
import { startDependants } from './trigger/start-dependants.js'

export type { Failed } from './trigger/each-in-turn.js'
export type { FactRecord } from './trigger/list-facts.js'
export type { Matches, OutsideEvent } from './trigger/start-by-event.js'
export type { Triggered } from './trigger/start-by-schedule.js'

export interface TriggerStore {
  /** Starts what depends on this execution, once it has ended. Asked again: nothing more. */
  startDependants(executionId: string, told: Told): Promise<readonly Triggered[]>
  /** Durable once it answers; false: its id was there already. */
  recordEvent(event: OutsideEvent): Promise<boolean>
  /** Starts what waits for the event. Asked again: nothing more. */
  startByEvent(id: string, matches: Matches, told: Told): Promise<readonly Triggered[]>
  /** What has become of it; null: there is none. */
  event(id: string): Promise<FactRecord | null>
  /** Ends and events, newest first, each with what jobs have made of it. */
  list(filter: EventFilter): Promise<Page<FactRecord>>
  /** What the job waits for, and what waits for it. */
  dependencies(jobId: string): Promise<Dependencies>
  /** Facts from before `before` of which nobody has made anything: who wrote them died. */
  startUnhandled(before: Date, matches: Matches, told: Told, failed: Failed): Promise<readonly Triggered[]>
  startDueRetries(now: Date, failed: Failed): Promise<readonly Triggered[]>
  /** Says of each execution that should have ended by now that it has not, once; answers how many. */
  tellMissedSlas(now: Date, failed: Failed): Promise<number>
}

export function triggerStore(db: Database): TriggerStore {
  return {
    startDependants: (executionId, told) => startDependants(db, executionId, told),
    recordEvent: (event) => recordEvent(db, event),
    startByEvent: (id, matches, told) => startByEvent(db, outsideId(id), matches, told),
    event: (id) => findEvent(db, outsideId(id)),
    list: (filter) => listFacts(db, filter),
    dependencies: (jobId) => dependenciesOf(db, jobId),
    startUnhandled: async (before, matches, told, failed) => {
      const started: Triggered[] = []
      const start = async ({ eventId, isEnd }: Unhandled) =>
        void started.push(
          ...(await (isEnd ? startDependants(db, eventId, told) : startByEvent(db, eventId, matches, told))),
        )
      await eachInTurn(
        (after, limit) => factsBefore(db, before, after, limit),
        ({ eventId }) => eventId,
        start,
        failed,
      )
      return started
    },
    startDueRetries: (now, failed) => startDueRetries(db, now, failed),
    tellMissedSlas: (now, failed) => tellMissedSlas(db, now, failed),
  }
}
