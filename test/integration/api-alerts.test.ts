import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { openDelivery } from '../../activities/alert/deliver-alerts.js'
import { alertNotificationStore } from '../../models/stores/alert-notification-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { keyRotation } from '../../models/stores/key-rotation.js'
import { rows } from '../support/alerting.js'
import { type LentApi, withApi } from '../support/api.js'
import { startHttpServer } from '../support/http-server.js'
import { onServer } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

const rule = {
  name: 'failures',
  type: 'JOB_FAILED',
  level: 'CRITICAL',
  channels: [
    { type: 'WEBHOOK', url: 'https://chat.example/hooks/url-key-7', secret: 'signing-secret-7' },
    {
      name: 'mail',
      type: 'EMAIL',
      to: ['a@b.example'],
      from: 'c@d.example',
      host: 'mail.example',
      user: 'u',
      password: 'mail-password-7',
    },
  ],
}
const PLANTED = ['url-key-7', 'signing-secret-7', 'mail-password-7']

describe('alert rules', () => {
  test('are created, shown masked, changed by version with secrets kept, and removed', async () => {
    await withApi({}, async (api) => {
      const created = await api.call('post', '/alert-rules', 'DEVELOPER').send({ kind: 'alertRule', ...rule })
      expect(created.status).toBe(201)
      expect(created.body).toMatchObject({
        ...{
          name: 'failures',
          operator: '>=',
          threshold: 1,
          unit: 'failures',
          duration: '0s',
          window: '1m',
          repeat: '4h',
        },
        channels: [
          { name: 'webhook', url: '***', secret: '***' },
          { name: 'mail', password: '***', user: 'u' },
        ],
      })
      const path = `/alert-rules/${created.body.ruleId}`
      const again = await api.call('put', path).send({ ...rule, channels: created.body.channels, version: 1 })
      expect(again.body.version).toBe(1)
      const turned = [...created.body.channels].reverse()
      const changed = await api.call('put', path).send({ ...rule, threshold: 3, channels: turned, version: 1 })
      expect(changed.body).toMatchObject({ threshold: 3, version: 2 })
      expect(await api.deps.alertRules.channel(created.body.ruleId, 'mail')).toMatchObject({
        password: 'mail-password-7',
      })
      expect((await api.call('put', path).send({ ...rule, version: 1 })).status).toBe(409)
      expect((await api.call('post', '/alert-rules').send(rule)).body).toMatchObject({ status: 409, code: 'conflict' })
      const stored = await onServer(api.url, 'SELECT * FROM etl_alert_rule; SELECT * FROM etl_operation_log')
      for (const planted of PLANTED) expect(JSON.stringify([stored, changed.body, api.logged])).not.toContain(planted)

      const newer = Buffer.alloc(32, 9).toString('base64')
      expect(await keyRotation(api.database, `${newer},${api.secretKey}`)()).toMatchObject({
        alertRules: 1,
        unreadable: [],
      })
      expect((await api.call('delete', `${path}?version=2`)).status).toBe(204)
      expect((await api.call('get', path)).status).toBe(404)
    })
  })

  test('say where what is wrong with them stands', async () => {
    await withApi({}, async (api) => {
      const wrong = [
        { type: 'JOB_FALED' },
        { job: 'nowhere' },
        { duration: '5 minutes' },
        { duration: '9999999999d' },
        { duration: '60000d' },
        { window: '100000d' },
        { repeat: '99999999999999h' },
        { channels: [{ type: 'EMAIL', to: ['nobody'], from: 'c@d.example', host: 'h' }] },
      ]
      const pointers: string[] = []
      for (const change of wrong) {
        const { status, body } = await api.call('post', '/alert-rules').send({ ...rule, ...change })
        expect(status).toBe('job' in change ? 422 : 400)
        pointers.push(body.errors[0].pointer)
      }
      expect(pointers).toEqual([
        ...['/type', '/job', '/duration', '/duration', '/duration', '/window', '/repeat'],
        '/channels/0/to/0',
      ])
      for (const header of [
        'Host',
        'content-length',
        'Transfer-Encoding',
        'Connection',
        'Keep-Alive',
        'Upgrade',
        'Expect',
      ]) {
        const channels = [{ type: 'WEBHOOK', url: 'https://example.com', headers: { [header]: '5' } }]
        const { status, body } = await api.call('post', '/alert-rules').send({ ...rule, name: header, channels })
        expect([header, status, body.errors[0].pointer]).toEqual([header, 400, `/channels/0/headers/${header}`])
      }
      const longest = { name: 'longest', duration: '36500d', window: '36500d', repeat: '36500d' }
      expect((await api.call('post', '/alert-rules').send({ ...rule, ...longest })).body).toMatchObject(longest)
    })
  })

  test('are tried, channel by channel; private addresses are refused, and no answer holds the address', async () => {
    const server = await startHttpServer(() => ({ ok: true }))
    try {
      await withApi({ privateHosts: ['127.0.0.1'] }, async (api) => {
        const channels = [
          { name: 'good', type: 'WEBHOOK', url: `${server.url}/good` },
          { name: 'inner', type: 'WEBHOOK', url: 'http://169.254.169.254/latest?key=url-key-7' },
        ]
        const { body: made } = await api.call('post', '/alert-rules').send({ ...rule, channels })
        const tested = await api.call('post', `/alert-rules/${made.ruleId}/test`, 'DEVELOPER').send({})
        expect(tested.body.items).toEqual([
          { channel: 'good', status: 'SENT', message: null },
          {
            channel: 'inner',
            status: 'FAILED',
            message: 'The host 169.254.169.254 has an address that is not public.',
          },
        ])
        expect(JSON.parse(server.asked[0]!.body)).toMatchObject({ kind: 'TEST', rule: 'failures' })
        expect((await api.call('post', `/alert-rules/${made.ruleId}/test`).send({ channel: 'none' })).status).toBe(422)
        expect((await api.call('post', `/alert-rules/${made.ruleId}/test`, 'USER').send({})).status).toBe(403)
      })
    } finally {
      await server.close()
    }
  })
})

describe('alerts', () => {
  test('are listed by what they are, acknowledged and resolved by people, and audited', async () => {
    await withApi({}, async (api) => {
      const { alertId, jobId } = await raise(api)
      for (const [query, found] of [
        ['state=OPEN', 1],
        ['state=FIRING&level=CRITICAL', 1],
        [`jobId=${jobId}&type=JOB_FAILED`, 1],
        ['state=ACKNOWLEDGED', 0],
        ['level=INFO', 0],
      ])
        expect((await api.call('get', `/alerts?${query}`, 'USER')).body.items).toHaveLength(Number(found))
      expect((await api.call('post', `/alerts/${alertId}/acknowledge`, 'USER')).status).toBe(403)
      const acknowledged = await api.call('post', `/alerts/${alertId}/acknowledge`, 'DEVELOPER')
      expect(acknowledged.body).toMatchObject({ state: 'ACKNOWLEDGED', acknowledgedBy: api.users.DEVELOPER })
      const resolved = await api.call('post', `/alerts/${alertId}/resolve`)
      expect(resolved.body).toMatchObject({ state: 'RESOLVED', resolvedBy: api.users.ADMIN })
      expect((await api.call('post', `/alerts/${alertId}/acknowledge`)).status).toBe(409)
      await api.deps.alerts.evaluate(resolved.body.ruleId, new Date(Date.now() + 5000))
      expect((await api.call('get', '/alerts?state=OPEN')).body.items).toEqual([])
      const operations = (await onServer(api.url, 'SELECT operation_type AS type FROM etl_operation_log')) as {
        type: string
      }[]
      expect(operations.map(({ type }) => type)).toEqual(expect.arrayContaining(['ACKNOWLEDGE_ALERT', 'RESOLVE_ALERT']))
    })
  })

  test('of a rule that is disabled or removed are over, and what was on its way stays', async () => {
    await withApi({}, async (api) => {
      const { ruleId, alertId } = await raise(api)
      const { version } = (await api.call('get', `/alert-rules/${ruleId}`)).body
      await api.call('put', `/alert-rules/${ruleId}`).send({ ...rule, enabled: false, version })
      expect((await api.call('get', `/alerts/${alertId}`)).body).toMatchObject({ state: 'RESOLVED' })
      const notifications = alertNotificationStore(api.database)
      const { alertRules, notifier } = api.deps
      const deps = {
        alerts: api.deps.alerts,
        notifications,
        rules: alertRules,
        notifier,
        warn: () => undefined,
        now: Date.now,
      }
      expect(await openDelivery(deps).pass()).toEqual({ started: 0, dueInMs: null })
      // Of what was on its way, and of what was told before, the alert says how it stands.
      const resolved = (await api.call('get', `/alerts/${alertId}`)).body
      expect(resolved.notification).toMatchObject({ status: 'FAILED', error: 'The rule watches this no more.' })
    })
  })
})

describe('silences', () => {
  test('are created, listed, changed by version, and ended', async () => {
    await withApi({}, async (api) => {
      const endsAt = new Date(Date.now() + 3_600_000).toISOString()
      const made = await api.call('post', '/silences', 'DEVELOPER').send({ endsAt, reason: 'moving' })
      expect(made.body).toMatchObject({
        ruleId: null,
        jobId: null,
        reason: 'moving',
        endsAt,
        createdBy: api.users.DEVELOPER,
      })
      const path = `/silences/${made.body.silenceId}`
      expect((await api.call('get', '/silences?active=true', 'USER')).body.items).toHaveLength(1)
      const { startsAt } = made.body
      expect((await api.call('put', path).send({ startsAt, endsAt: startsAt, version: 1 })).status).toBe(422)
      expect((await api.call('put', path).send({ startsAt, endsAt, reason: 'longer', version: 1 })).body.version).toBe(
        2,
      )
      expect((await api.call('put', path).send({ startsAt, endsAt, version: 1 })).status).toBe(409)
      expect((await api.call('post', '/silences').send({ endsAt, ruleId: randomUUID() })).status).toBe(404)
      expect((await api.call('delete', `${path}?version=2`)).status).toBe(204)
      expect((await api.call('get', path)).status).toBe(404)
    })
  })
})

async function raise(api: LentApi) {
  const { jobId } = await jobStore(api.database, jobSecrets).save(sampleJob())
  const made = await api.call('post', '/alert-rules').send(rule)
  const { ruleId } = made.body as { ruleId: string }
  await onServer(api.url, rows.execution(jobId, randomUUID(), 'FAILED', 1))
  await api.deps.alerts.evaluate(ruleId, new Date(Date.now() + 2000))
  const { items } = (await api.call('get', '/alerts')).body as { items: { alertId: string }[] }
  return { jobId, ruleId, alertId: items[0]!.alertId }
}
