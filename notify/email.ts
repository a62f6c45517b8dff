/** Mail by SMTP, encrypted unless the channel says otherwise. */
import { isIP } from 'node:net'
import type { EmailChannel } from '../core/alert/channel.js'
import { type Notification, valuesOf } from '../core/alert/notification.js'
import { fillLine, fillText } from '../core/alert/template.js'
import { isJobError } from '../core/errors/job-error.js'
import { parseDuration } from '../core/spec/duration.js'
import { bareHost, type Reach } from '../network/addresses.js'
import { addressOf } from '../network/guarded-agent.js'
import { NotTold } from './errors.js'

const PORTS = { STARTTLS: 587, TLS: 465, NONE: 25 } as const
const LONGEST_MS = 60_000

export async function mail(channel: EmailChannel, notification: Notification, reach: Reach): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const { host, security = 'STARTTLS', port = PORTS[security], user, password, ca } = channel
  const timeout = Math.min(parseDuration(channel.timeout ?? '10s') ?? 10_000, LONGEST_MS)
  const transport = createTransport({
    // By its address, which was judged; the certificate is held against its name.
    host: await addressOf(host, reach),
    port,
    secure: security === 'TLS',
    requireTLS: security === 'STARTTLS',
    ignoreTLS: security === 'NONE',
    ...(user === undefined || security === 'NONE' ? {} : { auth: { user, pass: password ?? '' } }),
    tls: {
      ...(isIP(bareHost(host)) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      minVersion: 'TLSv1.2',
    },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const values = valuesOf(notification)
  try {
    const sent = await transport.sendMail({
      from: channel.from,
      to: [...channel.to],
      subject: fillLine(channel.subject ?? '{{title}}', values),
      text: fillText(channel.body ?? '{{text}}', values),
      // The same when it is sent again, so that a mailbox can tell.
      messageId: `<${notification.notificationId}@etl>`,
      headers: { 'X-ETL-Notification-Id': notification.notificationId, 'Auto-Submitted': 'auto-generated' },
    })
    const refused = sent.rejected.length
    if (refused > 0) throw new NotTold(`The mail server refused ${refused} of ${channel.to.length} addresses.`, false)
  } catch (error) {
    throw asNotTold(error)
  } finally {
    transport.close()
  }
}

/** A server answers 4xx where it may take it later. */
function asNotTold(error: unknown): unknown {
  if (error instanceof NotTold || isJobError(error) || !(error instanceof Error)) return error
  const { responseCode, code } = error as { responseCode?: number; code?: string }
  if (responseCode !== undefined)
    return new NotTold(`The mail server answered ${responseCode} (${code ?? 'refused'}).`, responseCode < 500, error)
  if (code === 'ETLS') return new NotTold('The mail server offers no encryption that can be trusted.', false, error)
  return error
}
