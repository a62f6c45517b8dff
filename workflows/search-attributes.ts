/** What the server's list of workflows can be searched by: how the execution stands, and how far it has come. */
import { defineSearchAttributeKey } from '@temporalio/common'
import { upsertSearchAttributes } from '@temporalio/workflow'

const STATUS = defineSearchAttributeKey('EtlStatus', 'KEYWORD')
const EPOCH = defineSearchAttributeKey('EtlEpoch', 'INT')

/** Each change is an event of the history: epochs are told this seldom, and whenever the status is. */
const EPOCH_EVERY_MS = 60_000

export interface Shown {
  status(status: string): void
  epoch(epoch: number): void
}

export function searchAttributes(): Shown {
  let status: string | null = null
  let [epoch, shownEpoch, shownAtMs] = [0, 0, Date.now()]
  const show = (now: string | null) => {
    const changed = [
      ...(now !== null && now !== status ? [{ key: STATUS, value: now }] : []),
      ...(epoch !== shownEpoch ? [{ key: EPOCH, value: epoch }] : []),
    ]
    if (changed.length > 0) upsertSearchAttributes(changed)
    status = now ?? status
    shownEpoch = epoch
    shownAtMs = Date.now()
  }
  return {
    status: (now) => {
      if (now !== status) show(now)
    },
    epoch: (now) => {
      epoch = now
      if (Date.now() - shownAtMs >= EPOCH_EVERY_MS) show(null)
    },
  }
}
