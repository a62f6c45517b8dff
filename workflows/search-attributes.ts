/** What the server's list of workflows can be searched by: how the execution stands, and how far it has come. */
import { defineSearchAttributeKey } from '@temporalio/common'
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'

const STATUS = defineSearchAttributeKey('EtlStatus', 'KEYWORD')
const EPOCH = defineSearchAttributeKey('EtlEpoch', 'INT')

/** Each change is an event of the history: epochs are told this seldom, and whenever the status is. */
const EPOCH_EVERY_MS = 60_000

export interface Shown {
  status(status: string): void
  epoch(epoch: number): void
}

/** A namespace that does not know the attributes starts executions without them; telling them there would end in an error. */
export function searchAttributes(): Shown {
  const given = workflowInfo().typedSearchAttributes.get(STATUS)
  return given === undefined ? untold : told(given)
}

const untold: Shown = { status: () => {}, epoch: () => {} }

function told(given: string): Shown {
  let status = given
  let [epoch, shownEpoch, shownAtMs] = [0, 0, Date.now()]
  const show = (now: string) => {
    const changed = [
      ...(now !== status ? [{ key: STATUS, value: now }] : []),
      ...(epoch !== shownEpoch ? [{ key: EPOCH, value: epoch }] : []),
    ]
    if (changed.length > 0) upsertSearchAttributes(changed)
    status = now
    shownEpoch = epoch
    shownAtMs = Date.now()
  }
  return {
    status: (now) => {
      if (now !== status) show(now)
    },
    epoch: (now) => {
      epoch = now
      if (Date.now() - shownAtMs >= EPOCH_EVERY_MS) show(status)
    },
  }
}
