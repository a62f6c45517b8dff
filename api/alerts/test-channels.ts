/** Does it arrive? A notification that says that it is a test. */
import { randomUUID } from 'node:crypto'
import type { Notification } from '../../core/alert/notification.js'
import { JobError } from '../../core/errors/job-error.js'
import type { RuleRecord } from '../../models/stores/alert-rule-store.js'
import { NotTold } from '../../notify/errors.js'
import type { ApiDeps } from '../deps.js'

interface Tested {
  readonly channel: string
  readonly status: 'SENT' | 'FAILED'
  readonly message: string | null
}

export async function testChannels(ruleId: string, only: string | null, deps: ApiDeps): Promise<readonly Tested[]> {
  const rule = await deps.alertRules.find(ruleId)
  const names = Object.keys(rule.channels).filter((name) => only === null || name === only)
  if (names.length === 0)
    throw new JobError(
      'config.invalid',
      only === null ? 'The rule has no channels' : `The rule has no channel ${only}`,
      {
        pointer: '/channel',
      },
    )
  return await Promise.all(names.map((name) => test(rule, name, deps)))
}

async function test(rule: RuleRecord, name: string, deps: ApiDeps): Promise<Tested> {
  try {
    const channel = await deps.alertRules.channel(rule.ruleId, name)
    if (channel === null) throw new NotTold('The rule has no such channel any more.', false)
    await deps.notifier.tell(channel, testOf(rule, deps))
    return { channel: name, status: 'SENT', message: null }
  } catch (error) {
    if (!(error instanceof NotTold)) throw error
    return { channel: name, status: 'FAILED', message: error.message }
  }
}

function testOf({ ruleId, name, type, level }: RuleRecord, deps: ApiDeps): Notification {
  const at = new Date(deps.now()).toISOString()
  return {
    notificationId: randomUUID(),
    kind: 'TEST',
    ruleId,
    rule: name,
    type,
    level,
    at,
    occurrences: 0,
    firing: 0,
    resolved: 0,
    alerts: [],
  }
}
