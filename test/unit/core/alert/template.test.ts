import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Notification } from '../../../../core/alert/notification.js'
import { valuesOf } from '../../../../core/alert/notification.js'
import { alertRuleDocument } from '../../../../core/alert/schema.js'
import {
  fillJson,
  fillLine,
  fillText,
  PLACEHOLDERS,
  unknownPlaceholder,
  type Values,
} from '../../../../core/alert/template.js'

const all = (text: string) => Object.fromEntries(PLACEHOLDERS.map((name) => [name, text])) as Values

describe('templates', () => {
  test('a value is put in as it is, whatever it looks like', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(fillText('a {{job}} b {{ message }}', all(text))).toBe(`a ${text} b ${text}`)
        expect(JSON.parse(JSON.stringify(fillJson({ x: ['{{job}}', { y: '{{rule}}!' }], n: 1 }, all(text))))).toEqual({
          x: [text, { y: `${text}!` }],
          n: 1,
        })
        expect(fillLine('{{job}}', all(text))).not.toMatch(/[\r\n]/)
      }),
    )
    expect(fillText('{{job}}', all('{{rule}} $& $1'))).toBe('{{rule}} $& $1')
  })

  test('a header stays one line', () => {
    expect(fillLine('x {{job}}', all('a\r\nBcc: everyone@example.com'))).toBe('x a Bcc: everyone@example.com')
  })

  test('a name that stands for nothing is found, however deep', () => {
    expect(unknownPlaceholder({ a: [{ b: '{{nothing}}' }] })).toBe('nothing')
    expect(unknownPlaceholder({ a: PLACEHOLDERS.map((name) => `{{${name}}}`) })).toBeNull()
  })
})

describe('a rule', () => {
  const rule = (more: object) =>
    alertRuleDocument.safeParse({ kind: 'alertRule', name: 'r', type: 'JOB_FAILED', ...more })
  const mail = { type: 'EMAIL', to: ['a@b.example'], from: 'c@d.example', host: 'mail.example' }

  test('is refused with a placeholder that is not known, a password in clear, two channels of one name, two scopes', () => {
    expect(rule({ channels: [mail, { ...mail, name: 'second' }] }).success).toBe(true)
    for (const bad of [
      { channels: [{ ...mail, subject: '{{nothing}}' }] },
      { channels: [{ ...mail, security: 'NONE', user: 'u', password: 'p' }] },
      { channels: [mail, mail] },
      { channels: [{ ...mail, to: ['a@b.example\r\nBcc: x@y.example'] }] },
      { channels: [{ type: 'WEBHOOK', url: 'file:///etc/passwd' }] },
      { channels: [{ type: 'WEBHOOK', url: 'https://x.example', headers: { a: 'b\r\nc: d' } }] },
      { job: 'a', tag: 'b' },
      { type: 'CHANNEL_FAILED' },
    ])
      expect(rule(bad).success).toBe(false)
  })
})

test('a notification of many alerts says how many it does not spell out', () => {
  const one = {
    alertId: '1',
    state: 'FIRING',
    jobId: 'j',
    job: 'orders',
    executionId: 'e',
    message: 'broke',
    value: 1,
    threshold: 1,
    occurrences: 3,
    since: 't',
  } as const
  const notification: Notification = {
    notificationId: 'n',
    kind: 'FIRING',
    ruleId: 'r',
    rule: 'failures',
    type: 'JOB_FAILED',
    level: 'ERROR',
    at: 'now',
    occurrences: 99,
    firing: 40,
    resolved: 0,
    alerts: Array.from({ length: 20 }, () => one),
  }
  const { title, text, count, alerts } = valuesOf(notification)
  expect(title).toBe('[ERROR] failures: 40 alerts firing, 99 new (JOB_FAILED)')
  expect(text).toContain('- FIRING orders: broke 3 times since t (execution e, alert 1)')
  expect(text).toContain('and 20 more')
  expect([count, alerts]).toEqual(['99', '40'])
})
