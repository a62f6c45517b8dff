/** Notifications as JSON by HTTP POST: to programs, to chats, to gateways that send text messages. */
import { createHmac } from 'node:crypto'
import type { Dispatcher } from 'undici'
import type { SmsChannel, WebhookChannel } from '../core/alert/channel.js'
import type { Notification } from '../core/alert/notification.js'
import { parseDuration } from '../core/spec/duration.js'
import type { Reach } from '../network/addresses.js'
import { openAgent } from '../network/guarded-agent.js'
import { bodyOf } from './bodies.js'
import { NotTold } from './errors.js'

const LONGEST_MS = 60_000
const LONGEST_ANSWER = 64 * 1024

export async function post(
  channel: WebhookChannel | SmsChannel,
  notification: Notification,
  reach: Reach,
  nowMs: number,
): Promise<void> {
  const { request } = await import('undici')
  const timeout = Math.min(parseDuration(channel.timeout ?? '10s') ?? 10_000, LONGEST_MS)
  const dispatcher = await openAgent(timeout, undefined, reach)
  const body = JSON.stringify(bodyOf(channel, notification))
  try {
    const answer = await request(addressOf(channel, nowMs), {
      method: 'POST',
      body,
      dispatcher,
      signal: AbortSignal.timeout(timeout),
      headersTimeout: timeout,
      bodyTimeout: timeout,
      headers: {
        ...inLowerCase(channel.headers),
        'content-type': 'application/json',
        'user-agent': 'etl-alerts',
        // The same when it is sent again.
        'idempotency-key': notification.notificationId,
        'x-etl-notification-id': notification.notificationId,
        ...signature(channel, body, nowMs),
      },
    })
    judge(answer.statusCode, await textOf(answer.body), isChat(channel))
  } finally {
    await dispatcher.close().catch(() => undefined)
  }
}

/** So that none of them stands beside one of ours. */
function inLowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** A robot of DingTalk wants its signature in the address. */
function addressOf({ url, secret, ...channel }: WebhookChannel | SmsChannel, nowMs: number): string {
  if (!URL.canParse(url)) throw new NotTold('The URL of the channel is not one.', false)
  if (!isDingTalk(channel) || secret === undefined) return url
  const address = new URL(url)
  const sign = createHmac('sha256', secret).update(`${nowMs}\n${secret}`).digest('base64')
  address.searchParams.set('timestamp', String(nowMs))
  address.searchParams.set('sign', sign)
  return address.href
}

/** The time is signed too, so that what was caught once is of no use later. */
function signature({ secret, ...channel }: WebhookChannel | SmsChannel, body: string, nowMs: number) {
  if (secret === undefined || isDingTalk(channel)) return {}
  const seconds = Math.floor(nowMs / 1000)
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return { 'x-etl-signature': `t=${seconds},v1=${digest}` }
}

type Kind = Pick<WebhookChannel, 'type' | 'format'> | Pick<SmsChannel, 'type'>
const formatOf = (channel: Kind) => (channel.type === 'WEBHOOK' ? channel.format : undefined)
const isDingTalk = (channel: Kind) => formatOf(channel) === 'DINGTALK'
const isChat = (channel: Kind) => ['DINGTALK', 'WECOM'].includes(formatOf(channel) ?? '')

/** These chats say 200 to what they refuse, and in the answer what is wrong. */
function judge(status: number, text: string, saysCode: boolean): void {
  if (status < 200 || status > 299)
    throw new NotTold(`The receiver answered ${status}.`, status >= 500 || status === 408 || status === 429)
  const code = saysCode ? /"errcode"\s*:\s*(-?\d+)/.exec(text)?.[1] : undefined
  if (code !== undefined && code !== '0') throw new NotTold(`The chat refused it with errcode ${code}.`, code === '-1')
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body) {
    pieces.push(piece as Buffer)
    length += (piece as Buffer).length
    if (length > LONGEST_ANSWER) break
  }
  return Buffer.concat(pieces).toString('utf8')
}
