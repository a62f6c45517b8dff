import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Channel, WebhookFormat } from '../../../core/alert/channel.js'
import type { Notification } from '../../../core/alert/notification.js'
import { NotTold } from '../../../notify/errors.js'
import { openNotifier } from '../../../notify/notify.js'
import { type HttpServer, startHttpServer } from '../../support/http-server.js'
import { startMailServer } from '../../support/smtp-server.js'

const notification: Notification = {
  notificationId: 'n-1',
  kind: 'FIRING',
  ruleId: 'r',
  rule: 'failures',
  type: 'JOB_FAILED',
  level: 'ERROR',
  at: '2026-01-01T00:00:00.000Z',
  occurrences: 1,
  firing: 1,
  resolved: 0,
  alerts: [
    {
      alertId: 'a-1',
      state: 'FIRING',
      jobId: 'j',
      job: 'orders',
      executionId: 'e-1',
      message: '<!channel> "it" broke\n{{rule}}',
      value: 1,
      threshold: 1,
      occurrences: 1,
      since: '2026-01-01T00:00:00.000Z',
    },
  ],
}

const now = () => 1_700_000_000_000
const allowing = (privateHosts: readonly string[]) =>
  openNotifier({ privateHosts, secret: async (name) => `${name} in clear`, now })
const { tell } = allowing(['127.0.0.1', 'localhost'])

async function withReceiver(run: (server: HttpServer) => Promise<void>): Promise<void> {
  const server = await startHttpServer(() => ({ errcode: 0 }))
  try {
    await run(server)
  } finally {
    await server.close()
  }
}

const failing = async (work: Promise<void>): Promise<NotTold> => {
  try {
    await work
  } catch (error) {
    expect(error).toBeInstanceOf(NotTold)
    return error as NotTold
  }
  throw new Error('it was told')
}

describe('webhooks', () => {
  test('each chat gets JSON in its own form, and nothing in a message names people or breaks out', async () => {
    await withReceiver(async ({ url, asked }) => {
      const formats: readonly WebhookFormat[] = ['JSON', 'SLACK', 'TEAMS', 'DINGTALK', 'WECOM']
      for (const format of formats) await tell({ type: 'WEBHOOK', url, format }, notification)
      const [json, slack, teams, dingtalk, wecom] = asked.map(({ body }) => JSON.parse(body))
      expect(json).toMatchObject({ notificationId: 'n-1', alerts: [{ alertId: 'a-1' }], title: expect.any(String) })
      expect(slack.text).toContain('&lt;!channel&gt; "it" broke\n{{rule}}')
      expect(teams.attachments[0].content).toMatchObject({ type: 'AdaptiveCard', body: [{ color: 'Attention' }, {}] })
      expect(dingtalk).toMatchObject({ msgtype: 'text', text: { content: expect.stringContaining('orders') } })
      expect(wecom).toMatchObject({ msgtype: 'text', text: { content: expect.stringContaining('orders') } })
    })
  })

  test('a robot of DingTalk gets its signature in the address', async () => {
    await withReceiver(async ({ url, asked }) => {
      await tell({ type: 'WEBHOOK', url: `${url}/send?access_token=x`, format: 'DINGTALK', secret: 's' }, notification)
      const { searchParams } = asked[0]!.url
      const sign = createHmac('sha256', 's').update(`${now()}\ns`).digest('base64')
      expect(Object.fromEntries(searchParams)).toEqual({ access_token: 'x', timestamp: String(now()), sign })
    })
  })

  test('a chat that says 200 and an errcode has refused it', async () => {
    await withReceiver(async (server) => {
      server.answers(() => ({ errcode: 310000, errmsg: 'keywords not in content' }))
      const { message, mayPass } = await failing(
        tell({ type: 'WEBHOOK', url: server.url, format: 'DINGTALK' }, notification),
      )
      expect([message, mayPass]).toEqual(['The chat refused it with errcode 310000.', false])
    })
  })

  test('a body of one’s own stays JSON; an SMS goes to its numbers', async () => {
    await withReceiver(async ({ url, asked }) => {
      const body = { text: 'job {{job}}: {{message}}', nested: [{ at: '{{time}}' }] }
      await tell({ type: 'WEBHOOK', url, body, headers: { Authorization: 'Bearer ${secret:KEY}' } }, notification)
      await tell({ type: 'SMS', url, to: ['+49 123'] }, notification)
      expect(JSON.parse(asked[0]!.body)).toEqual({
        text: 'job orders: <!channel> "it" broke\n{{rule}}',
        nested: [{ at: '2026-01-01T00:00:00.000Z' }],
      })
      expect(asked[0]!.headers.authorization).toBe('Bearer KEY in clear')
      expect(JSON.parse(asked[1]!.body)).toEqual({ to: ['+49 123'], text: expect.stringContaining('failures') })
    })
  })

  test.each([
    [500, true],
    [429, true],
    [408, true],
    [404, false],
    [302, false],
  ])('an answer of %d: another attempt may help: %s', async (status, mayPass) => {
    await withReceiver(async (server) => {
      server.answers((_asked, response) => {
        response.writeHead(status, { location: server.url }).end()
      })
      expect(await failing(tell({ type: 'WEBHOOK', url: server.url }, notification))).toMatchObject({ mayPass })
      expect(server.asked).toHaveLength(1)
    })
  })

  test('a receiver that never answers is left in time; what is said never holds the address', async () => {
    await withReceiver(async (server) => {
      server.answers(() => undefined)
      const channel: Channel = { type: 'WEBHOOK', url: `${server.url}/?key=hush`, timeout: '300ms' }
      const { message, mayPass } = await failing(tell(channel, notification))
      expect(mayPass).toBe(true)
      expect(message).not.toContain('hush')
    })
  })

  test('private addresses are refused unless they are allowed, by name too', async () => {
    await withReceiver(async (server) => {
      for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
        const { mayPass, message } = await failing(allowing([]).tell({ type: 'WEBHOOK', url }, notification))
        expect([mayPass, message]).toEqual([false, expect.stringContaining('not public')])
      }
      expect(server.asked).toEqual([])
    })
  })
})

describe('mail', () => {
  const channel = { type: 'EMAIL', to: ['ops@example.com'], from: 'etl@example.com', host: 'localhost' } as const

  test('goes encrypted, from the first byte or after STARTTLS, and in clear only where asked for', async () => {
    const [starts, secure] = [await startMailServer(), await startMailServer({ secure: true })]
    try {
      const login = { user: 'etl', password: 'mail-password-7' }
      await tell({ ...channel, ...login, port: starts.port, ca: starts.ca }, notification)
      await tell({ ...channel, ...login, port: secure.port, ca: secure.ca, security: 'TLS' }, notification)
      await tell({ ...channel, port: starts.port, security: 'NONE' }, notification)
      const seen = [...starts.mails, ...secure.mails].map(({ isEncrypted, user }) => [isEncrypted, user])
      expect(seen).toEqual([
        [true, 'etl'],
        [false, null],
        [true, 'etl'],
      ])
      expect(starts.mails[0]?.raw).toMatch(/^Message-ID: <n-1@etl>\r?$/m)
    } finally {
      await Promise.all([starts.close(), secure.close()])
    }
  })

  test('is not sent to a server whose certificate nobody vouches for, nor to one without encryption', async () => {
    const [unknown, plain] = [
      await startMailServer(),
      await startMailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }),
    ]
    try {
      expect((await failing(tell({ ...channel, port: unknown.port }, notification))).message).toMatch(
        /could not be delivered|encryption/,
      )
      await failing(tell({ ...channel, port: plain.port, ca: plain.ca }, notification))
      expect([...unknown.mails, ...plain.mails]).toEqual([])
    } finally {
      await Promise.all([unknown.close(), plain.close()])
    }
  })

  test('a wrong password does not pass, and is not said; a private host is refused', async () => {
    const server = await startMailServer()
    try {
      const wrong = { ...channel, port: server.port, ca: server.ca, user: 'etl', password: 'wrong-password-7' }
      const { message, mayPass } = await failing(tell(wrong, notification))
      expect([message, mayPass]).toEqual(['The mail server answered 535 (EAUTH).', false])
      expect((await failing(allowing([]).tell(wrong, notification))).message).toContain('not public')
    } finally {
      await server.close()
    }
  })
})
