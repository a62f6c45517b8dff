/** What is posted, in the form that the receiver takes. */
import type { SmsChannel, WebhookChannel, WebhookFormat } from '../core/alert/channel.js'
import { type Notification, valuesOf } from '../core/alert/notification.js'
import { fillJson, type Values } from '../core/alert/template.js'

export function bodyOf(channel: WebhookChannel | SmsChannel, notification: Notification): unknown {
  const values = valuesOf(notification)
  if (channel.type === 'SMS') {
    const body = channel.body === undefined ? { text: shortened(values.title, 300) } : fillJson(channel.body, values)
    return { ...(body as object), to: channel.to }
  }
  if (channel.body !== undefined) return fillJson(channel.body, values)
  return FORMATS[channel.format ?? 'JSON'](notification, values)
}

const FORMATS: Readonly<Record<WebhookFormat, (notification: Notification, values: Values) => unknown>> = {
  JSON: (notification, { title, text }) => ({ ...notification, title, text }),
  SLACK: (_notification, { text }) => ({ text: shortened(escaped(text), 12_000), mrkdwn: false }),
  TEAMS: ({ level }, { title, text }) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text: title, weight: 'Bolder', wrap: true, color: COLORS[level] },
            { type: 'TextBlock', text: shortened(restOf(text), 12_000), wrap: true },
          ],
        },
      },
    ],
  }),
  DINGTALK: (_notification, { text }) => ({ msgtype: 'text', text: { content: shortened(text, 5000) } }),
  WECOM: (_notification, { text }) => ({ msgtype: 'text', text: { content: within(text, 2048) } }),
}

const COLORS = { INFO: 'Default', WARNING: 'Warning', ERROR: 'Attention', CRITICAL: 'Attention' } as const

const restOf = (text: string) => text.slice(text.indexOf('\n') + 1)

/** What would name people or channels, or be a link that says something else. */
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const shortened = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

/** WeCom counts bytes of UTF-8. */
function within(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  let cut = shortened(text, Math.min(text.length, bytes))
  while (Buffer.byteLength(cut) > bytes) cut = `${cut.slice(0, -2)}…`
  return cut
}
