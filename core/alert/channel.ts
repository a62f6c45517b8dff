/** Ways to tell people. */
export interface EmailChannel {
  readonly type: 'EMAIL'
  readonly to: readonly string[]
  readonly from: string
  readonly host: string
  readonly port?: number | undefined
  /** TLS: from the first byte; STARTTLS: refused if the server cannot; NONE: in clear. */
  readonly security?: 'STARTTLS' | 'TLS' | 'NONE' | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Certificates (PEM) that the server may be signed by, besides the usual ones. */
  readonly ca?: string | undefined
  /** Texts with placeholders; absent: the usual ones. */
  readonly subject?: string | undefined
  readonly body?: string | undefined
  readonly timeout?: string | undefined
}

export type WebhookFormat = 'JSON' | 'SLACK' | 'TEAMS' | 'DINGTALK' | 'WECOM'

interface Posted {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Signs what is sent. */
  readonly secret?: string | undefined
  readonly timeout?: string | undefined
}

export interface WebhookChannel extends Posted {
  readonly type: 'WEBHOOK'
  readonly format?: WebhookFormat | undefined
  /** JSON whose texts hold placeholders; absent: that of the format. */
  readonly body?: unknown
}

/** Through a gateway that takes JSON over HTTP, as those of telephone companies do. */
export interface SmsChannel extends Posted {
  readonly type: 'SMS'
  readonly to: readonly string[]
  readonly body?: unknown
}

export type Channel = EmailChannel | WebhookChannel | SmsChannel
