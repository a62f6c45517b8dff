/** A staged incident of each type is raised once, tells a real mail server and a real receiver, and resolves itself. */
import { createHmac, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Channel } from '../../core/alert/channel.js'
import type { RuleType } from '../../core/alert/rule-types.js'
import { RULE_TYPE_NAMES } from '../../core/alert/rule-types.js'
import { type Alerting, at, rows, withAlerting } from '../support/alerting.js'
import { startHttpServer } from '../support/http-server.js'
import { until } from '../support/until.js'

interface Incident {
  readonly stage: (alerting: Alerting, jobId: string) => Promise<unknown>
  readonly mend: (alerting: Alerting, jobId: string) => Promise<unknown>
  readonly value: number | ReturnType<typeof expect.any>
  readonly isStreaming?: boolean
  readonly says: RegExp
}

const run = randomUUID()
const running = (jobId: string) => rows.execution(jobId, run, 'RUNNING', null, '', -4000)

const INCIDENTS: Readonly<Record<RuleType, Incident>> = {
  JOB_FAILED: {
    stage: ({ sql }, jobId) => sql(rows.execution(jobId, run, 'FAILED', 0, 'the file is gone')),
    mend: ({ sql }, jobId) => sql(rows.execution(jobId, randomUUID(), 'COMPLETED', 2)),
    value: 1,
    says: /has failed: the file is gone/,
  },
  CHECKPOINT_FAILED: {
    stage: async ({ sql }, jobId) => {
      await sql(running(jobId))
      await sql(rows.event(jobId, run, 'CHECKPOINT_FAILED', 0, 'Epoch 3 failed: no disk'))
    },
    mend: ({ sql }, jobId) => sql(rows.checkpoint(jobId, run, 3, 'COMPLETED', 1, 500)),
    value: 1,
    says: /Epoch 3 failed: no disk/,
  },
  RECORDS_LOST: {
    stage: ({ sql }, jobId) => sql(rows.event(jobId, run, 'ACCOUNTING_MISMATCH', 0, '7 in, 6 out')),
    mend: ({ sql }, jobId) => sql(rows.execution(jobId, randomUUID(), 'COMPLETED', 3, '', 2)),
    value: 1,
    says: /7 in, 6 out/,
  },
  SLA_MISSED: {
    stage: async ({ sql }, jobId) => {
      await sql(running(jobId))
      await sql(rows.event(jobId, run, 'SLA_MISSED', 0, 'It should have been done at five.'))
    },
    mend: ({ sql }) => sql(`UPDATE etl_job_execution SET execution_status = 'COMPLETED', end_time = ${at(0)}`),
    value: 1,
    says: /done at five/,
  },
  HIGH_LATENCY: {
    stage: async ({ sql }, jobId) => {
      await sql(running(jobId))
      await sql(rows.checkpoint(jobId, run, 1, 'IN_PROGRESS', -90, null))
    },
    mend: ({ sql }) =>
      sql(`UPDATE etl_checkpoint SET checkpoint_status = 'COMPLETED', complete_time = ${at(0)}, duration_ms = 900`),
    value: expect.any(Number),
    says: /from the plan to the commit/,
  },
  BACKPRESSURE: {
    stage: async ({ sql }, jobId) => {
      await sql(running(jobId))
      await sql(rows.metrics(jobId, run, -5, 800, 5))
    },
    mend: ({ sql }, jobId) => sql(rows.metrics(jobId, run, 0, 100, 5)),
    value: 80,
    says: /waited 80 %/,
  },
  SLOW_CHECKPOINT: {
    stage: async ({ sql }, jobId) => {
      await sql(running(jobId))
      await sql(rows.checkpoint(jobId, run, 1, 'COMPLETED', -500, 400_000))
    },
    mend: ({ sql }, jobId) => sql(rows.checkpoint(jobId, run, 2, 'COMPLETED', -10, 4000)),
    value: 400_000,
    says: /took 400s/,
  },
  NO_DATA: {
    isStreaming: true,
    stage: async ({ sql }, jobId) => {
      await sql(running(jobId))
      await sql(rows.metrics(jobId, run, -1000, 0, 5))
      await sql(rows.metrics(jobId, run, -10, 0, 0))
    },
    mend: ({ sql }, jobId) => sql(rows.metrics(jobId, run, 0, 0, 5)),
    value: expect.any(Number),
    says: /No record has been read for/,
  },
  DEAD_LETTERS: {
    stage: async ({ sql }, jobId) => {
      await sql(rows.deadLetter(jobId, 'one'))
      await sql(rows.deadLetter(jobId, 'two'))
    },
    mend: ({ sql }) => sql(`UPDATE etl_dead_letter SET dead_letter_status = 'DISCARDED'`),
    value: 2,
    says: /2 bad records wait/,
  },
  SCHEDULE_MISSED: {
    stage: ({ sql }, jobId) =>
      sql(`DELETE FROM etl_job_schedule; INSERT INTO etl_job_schedule (schedule_id, job_id, schedule_type, cron_expression, next_fire_time)
           VALUES (UUID(), '${jobId}', 'CRON', '0 0 5 * * ?', ${at(-600)})`),
    mend: ({ sql }) => sql(`UPDATE etl_job_schedule SET next_fire_time = ${at(3600)}`),
    value: expect.any(Number),
    says: /should have fired 10m|should have fired 60\ds/,
  },
  WORKER_LOST: {
    stage: ({ sql }) => sql(rows.worker('worker-7', 'host-7', -50)),
    mend: ({ sql }) => sql(rows.worker('worker-8', 'host-7', 0, -1)),
    value: expect.any(Number),
    says: /worker-7 on host-7 has not been heard of/,
  },
}

describe('an incident is raised once, told, and over by itself', () => {
  test.each(RULE_TYPE_NAMES)('%s', async (type) => {
    const { stage, mend, value, isStreaming = false, says } = INCIDENTS[type]
    await withAlerting(async (alerting) => {
      const { minute, alerts, mail, hook, sql, rule, job } = alerting
      const jobId = await job('orders', { type: isStreaming ? 'STREAMING' : 'BATCH' })
      const ruleId = await rule({ type })
      await sql(`UPDATE etl_alert_rule SET active_since = ${at(-3600)}`)
      await minute()
      expect(await alerts()).toEqual([])
      await stage(alerting, jobId)
      await minute()
      await minute()
      const [raised, ...others] = await alerts(ruleId)
      expect(others).toEqual([])
      expect(raised).toMatchObject({ state: 'FIRING', type, value, occurrences: 1, notification: { status: 'SENT' } })
      expect(raised?.message).toMatch(says)
      expect(mail.mails).toHaveLength(1)
      expect(mail.mails[0]).toMatchObject({ to: ['ops@example.com'], isEncrypted: true, user: 'etl' })
      expect(hook.asked).toHaveLength(1)
      expect(JSON.parse(hook.asked[0]?.body ?? '')).toMatchObject({
        kind: 'FIRING',
        type,
        occurrences: 1,
        firing: 1,
        alerts: [{ alertId: raised?.alertId, job: type === 'WORKER_LOST' ? null : 'orders' }],
      })

      await mend(alerting, jobId)
      await minute(5000)
      await minute(6000)
      expect(await alerts()).toMatchObject([{ state: 'RESOLVED', resolvedBy: null, notification: { status: 'SENT' } }])
      expect(mail.mails).toHaveLength(2)
      expect(hook.asked.map(({ body }) => JSON.parse(body).kind)).toEqual(['FIRING', 'RESOLVED'])
    })
  })
})

describe('convergence', () => {
  test('1,000 failures in a minute give a handful of notifications that account for all 1,000', async () => {
    await withAlerting(async ({ minute, alerts, mail, hook, sql, rule, job }) => {
      await rule({ type: 'JOB_FAILED', windowSeconds: 30 })
      const jobs: string[] = []
      for (let number = 0; number < 40; number++) jobs.push(await job(`job ${number}`))
      // A minute of failures, looked at every two seconds of it.
      for (let second = 0; second < 60; second += 2) {
        const failures = Array.from({ length: second === 0 ? 43 : 33 }, (_, index) => index)
        const failed = failures.map((index) =>
          rows.execution(jobs[(second + index) % 40]!, randomUUID(), 'FAILED', second),
        )
        await sql(failed.join(';\n'))
        await minute(second * 1000 + 500)
      }
      await minute(95_000)
      const told = hook.asked.map(({ body }) => JSON.parse(body) as { occurrences: number })
      expect(told.length).toBeLessThanOrEqual(5)
      expect(told.reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(1000)
      expect(mail.mails).toHaveLength(told.length)
      expect((await alerts()).reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(1000)
    })
  }, 120_000)

  test('what still fires is told again after a while, until somebody acknowledges it', async () => {
    await withAlerting(async ({ minute, hook, sql, rule, job, alerts, database }) => {
      const jobId = await job('orders')
      await rule({ type: 'JOB_FAILED', repeatSeconds: 600 })
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      await minute(2000)
      await minute(300_000)
      expect(hook.asked).toHaveLength(1)
      await minute(700_000)
      expect(hook.asked.map(({ body }) => JSON.parse(body).kind)).toEqual(['FIRING', 'REPEAT'])
      const { alertStore } = await import('../../models/stores/alert-store.js')
      const [alert] = await alerts()
      expect(await alertStore(database).acknowledge(alert?.alertId ?? '', 'me')).toMatchObject({
        state: 'ACKNOWLEDGED',
      })
      await minute(1_400_000)
      expect(hook.asked).toHaveLength(2)
    })
  })

  test('a condition has to hold for as long as the rule says', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts }) => {
      const jobId = await job('orders')
      await rule({ type: 'DEAD_LETTERS', durationSeconds: 120 })
      await sql(rows.deadLetter(jobId, 'one'))
      await minute(0)
      await minute(100_000)
      expect(await alerts()).toEqual([])
      await minute(121_000)
      expect(await alerts()).toMatchObject([{ state: 'FIRING' }])
    })
  })

  test('an alert that comes and goes stays one that fires, and nobody is told each time', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts, hook }) => {
      const jobId = await job('orders')
      await rule({ type: 'DEAD_LETTERS' })
      await sql(rows.deadLetter(jobId, 'one'))
      for (let round = 0; round < 12; round++) {
        await sql(`UPDATE etl_dead_letter SET dead_letter_status = '${round % 2 === 0 ? 'NEW' : 'DISCARDED'}'`)
        await minute(round * 60_000)
      }
      expect(await alerts()).toHaveLength(3)
      expect(hook.asked).toHaveLength(5)
      await minute(12 * 60_000 + 3_600_000)
      expect((await alerts()).map(({ state }) => state)).toEqual(['RESOLVED', 'RESOLVED', 'RESOLVED'])
    })
  })
})

describe('quiet', () => {
  test('a silenced alert is raised and not told, and told when the silence is over', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts, hook, silences }) => {
      const jobId = await job('orders')
      await rule({ type: 'JOB_FAILED' })
      const [startsAt, endsAt] = [0, 60_000].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string]
      await silences.create(randomUUID(), { ruleId: null, jobId, reason: 'moving', startsAt, endsAt }, 'me')
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      await minute(2000)
      expect(await alerts()).toMatchObject([
        { state: 'FIRING', notification: { status: 'SILENCED', error: 'Silenced.' } },
      ])
      expect(hook.asked).toHaveLength(0)
      await minute(61_000)
      expect(hook.asked).toHaveLength(1)
      expect(await alerts()).toMatchObject([{ notification: { status: 'SENT', error: null } }])
    })
  })

  test('a worse alert of the same job keeps a lesser one quiet, and not that of another job', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts, hook }) => {
      const [one, two] = [await job('one'), await job('two')]
      const letters = await rule({ type: 'DEAD_LETTERS', level: 'WARNING', groupBy: 'JOB' })
      await rule({ type: 'JOB_FAILED', level: 'CRITICAL' })
      await sql(
        [rows.deadLetter(one, '1'), rows.deadLetter(two, '2'), rows.execution(one, randomUUID(), 'FAILED', 1)].join(
          ';',
        ),
      )
      await minute(2000)
      expect(hook.asked.map(({ body }) => JSON.parse(body).level).sort()).toEqual(['CRITICAL', 'WARNING'])
      const statuses = (await alerts(letters)).map(({ jobId, notification }) => [jobId === one, notification.status])
      expect(statuses.sort()).toEqual([
        [false, 'SENT'],
        [true, 'SILENCED'],
      ])
      await sql(rows.execution(one, randomUUID(), 'COMPLETED', 3))
      await minute(5000)
      await minute(6000)
      expect((await alerts(letters)).map(({ notification }) => notification.status)).toEqual(['SENT', 'SENT'])
    })
  })
})

describe('delivery', () => {
  test('a broken channel raises its own alert, holds up no other, and is over when it works again', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts, hook, mail }) => {
      const jobId = await job('orders')
      const ruleId = await rule({ type: 'JOB_FAILED' })
      hook.answers((_asked, response) => {
        response.statusCode = 410
        response.end('gone')
      })
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      await minute(2000)
      await minute(3000)
      expect(mail.mails).toHaveLength(2)
      expect(mail.mails[1]?.raw.replaceAll(/=\r?\n/g, '')).toMatch(
        /The channel hook of the rule .* tells nobody: The receiver answered 410/,
      )
      const [failed, broken] = await alerts(ruleId)
      expect(failed).toMatchObject({
        type: 'JOB_FAILED',
        notification: { status: 'FAILED', error: 'The receiver answered 410.' },
      })
      expect(broken).toMatchObject({ type: 'CHANNEL_FAILED', state: 'FIRING', notification: { status: 'SENT' } })
      hook.answers(() => ({ ok: true }))
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 4))
      await minute(5000)
      expect((await alerts(ruleId)).map(({ type, state }) => [type, state])).toEqual([
        ['JOB_FAILED', 'FIRING'],
        ['CHANNEL_FAILED', 'RESOLVED'],
      ])
    })
  })

  test('what failed to arrive is tried again later, under the same id, and then it is told', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts, hook, mail }) => {
      const jobId = await job('orders')
      await rule({ type: 'JOB_FAILED' })
      hook.answers((_asked, response, number) => {
        response.statusCode = number < 2 ? 503 : 200
        response.end()
      })
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      await minute(2000)
      await minute(3000)
      expect(hook.asked).toHaveLength(1)
      expect(await alerts()).toMatchObject([{ notification: { status: 'PENDING' } }])
      await minute(8000)
      await minute(60_000)
      expect(hook.asked).toHaveLength(3)
      expect(new Set(hook.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
      expect(await alerts()).toMatchObject([{ notification: { status: 'SENT', error: null } }])
      expect(mail.mails).toHaveLength(1)
    })
  })

  test('a receiver that never answers holds up no other, and nobody waits for it', async () => {
    const silent = await startHttpServer(() => undefined)
    try {
      await withAlerting(async ({ begin, sql, rule, job, channels, hook }) => {
        const jobId = await job('orders')
        const channel: Channel = { type: 'WEBHOOK', url: silent.url, timeout: '1m' }
        const many = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`silent-${n}`, channel]))
        for (let n = 0; n < 10; n += 1) await rule({ type: 'JOB_FAILED', channels: many })
        await rule({ type: 'JOB_FAILED', channels: { hook: channels.hook! } })
        await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
        await begin(2000)
        await until('the healthy one is told', async () => hook.asked.length === 1)
        expect(silent.asked.length).toBeLessThanOrEqual(4)
        // What comes later waits for no silent one either.
        await sql(rows.execution(jobId, randomUUID(), 'FAILED', 4))
        await begin(5000)
        await until('it is told again', async () => hook.asked.length === 2)
        expect(silent.asked.length).toBeLessThanOrEqual(4)
      })
    } finally {
      await silent.close()
    }
  }, 120_000)

  test('a sender that dies while it sends has it sent again by another', async () => {
    await withAlerting(async ({ minute, sql, rule, job, deps, hook }) => {
      const jobId = await job('orders')
      await rule({ type: 'JOB_FAILED' })
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      const { evaluateAlerts } = await import('../../activities/alert/evaluate-alerts.js')
      await evaluateAlerts({ ...deps, now: () => Date.now() + 2000 }, 'ALL')
      const then = new Date(Date.now() + 3000)
      const due = await deps.notifications.due(then)
      expect(due).toHaveLength(2)
      for (const { id } of due) expect(await deps.notifications.claim(id, then)).not.toBeNull()
      for (const { id } of due) expect(await deps.notifications.claim(id, then)).toBeNull()
      await minute(10_000)
      expect(hook.asked).toHaveLength(0)
      await minute(200_000)
      expect(hook.asked).toHaveLength(1)
    })
  })

  test('what is posted is signed, and its signature fits the body and the time', async () => {
    await withAlerting(async ({ minute, sql, rule, job, hook }) => {
      const jobId = await job('orders')
      await rule({ type: 'JOB_FAILED' })
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      await minute(2000)
      const [{ headers, body }] = hook.asked as [(typeof hook.asked)[number]]
      const [, seconds = '', digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-etl-signature'])) ?? []
      expect(digest).toBe(createHmac('sha256', 'signing-secret-7').update(`${seconds}.${body}`).digest('hex'))
    })
  })

  test('secrets are in no row, no log and no notification', async () => {
    await withAlerting(async ({ minute, sql, rule, job, hook, mail, warned, rules }) => {
      const jobId = await job('orders')
      const ruleId = await rule({ type: 'JOB_FAILED' })
      hook.answers((_asked, response) => void response.destroy())
      await sql(rows.execution(jobId, randomUUID(), 'FAILED', 1))
      await minute(2000)
      const tables = ['etl_alert_rule', 'etl_alert_history', 'etl_alert_notification']
      const stored = await Promise.all(tables.map((table) => sql(`SELECT * FROM ${table}`)))
      const shown = JSON.stringify([stored, warned, mail.mails, await rules.find(ruleId)])
      expect(warned.length).toBeGreaterThan(0)
      for (const planted of ['mail-password-7', 'signing-secret-7', 'hook-key-7']) expect(shown).not.toContain(planted)
    })
  })

  test('one rule that cannot be evaluated keeps none of the others', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts, warned }) => {
      const jobId = await job('orders')
      await rule({ type: 'JOB_FAILED', level: 'CRITICAL' })
      await rule({ type: 'DEAD_LETTERS' })
      await sql(`ALTER TABLE etl_job_execution RENAME COLUMN error_message TO error_message_gone`)
      await sql(rows.deadLetter(jobId, 'one'))
      await minute()
      expect(await alerts()).toMatchObject([{ type: 'DEAD_LETTERS' }])
      expect(warned.join()).toContain('an alert rule could not be evaluated')
    })
  })

  test('a rule of a tag watches the jobs that have it', async () => {
    await withAlerting(async ({ minute, sql, rule, job, alerts }) => {
      const tagged = await job('tagged', { tags: ['night', 'gold'] })
      const plain = await job('plain', { tags: ['golden'] })
      await rule({ type: 'JOB_FAILED', tag: 'gold' })
      await sql([tagged, plain].map((jobId) => rows.execution(jobId, randomUUID(), 'FAILED', 1)).join(';'))
      await minute(2000)
      expect((await alerts()).map(({ jobId }) => jobId)).toEqual([tagged])
    })
  })
})
