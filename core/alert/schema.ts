/** The shape of an alert rule and of its channels: validation, JSON Schema, reference and which fields are secret. */
import { z } from 'zod'
import { duration, secret } from '../config/schema.js'
import { MASK } from '../security/secret-fields.js'
import { LEVELS, OPERATORS } from './rule.js'
import { RULE_TYPE_NAMES, type RuleType } from './rule-types.js'
import { PLACEHOLDERS, unknownPlaceholder } from './template.js'

const PLACEHOLDERS_SAID = `Placeholders: ${PLACEHOLDERS.map((name) => `{{${name}}}`).join(' ')}.`
const known = (template: unknown) => unknownPlaceholder(template) === null
const unknownSaid = `There is no such placeholder. ${PLACEHOLDERS_SAID}`
const template = (description: string, most: number) =>
  z.string().min(1).max(most).refine(known, unknownSaid).describe(`${description} ${PLACEHOLDERS_SAID}`)
const json = (description: string) =>
  z.record(z.string(), z.unknown()).refine(known, unknownSaid).describe(`${description} ${PLACEHOLDERS_SAID}`)
const channelName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'Expected letters, digits, _ and -, 64 characters at most.')
  .describe('Unique within the rule; without it, the type in lower case.')
  .optional()
const address = z
  .string()
  .max(320)
  .regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, 'Expected an address such as ops@example.com.')
const timeout = duration('How long one attempt may take, 1m at most.').optional().meta({ default: '10s' })
const url = secret('Where it is posted to; http or https. Often it holds a key, so it is kept as a secret.').refine(
  (text) => text === MASK || text.includes('${') || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)),
  'Expected a URL that begins with http:// or https://.',
)
/** Of the connection and of how the body is sent: whoever sends says them. */
const SENDERS = ['connection', 'content-length', 'expect', 'host', 'keep-alive', 'transfer-encoding', 'upgrade']
const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9-]+$/, 'Expected the name of a header.')
      .refine((text) => !SENDERS.includes(text.toLowerCase()), 'This header is said by whoever sends.'),
    secret('Value of the header.').regex(/^[^\r\n]*$/, 'A header is one line.'),
  )
  .describe(`More headers; none of ${SENDERS.join(', ')}.`)
  .optional()

const email = z
  .strictObject({
    name: channelName,
    type: z.literal('EMAIL').describe('By SMTP.'),
    to: z.array(address).min(1).max(50).describe('Who is written to.'),
    from: address.describe('Who it is from.'),
    host: z.string().min(1).max(255).describe('The SMTP server.'),
    port: z.int().min(1).max(65_535).describe('587; 465 where security is TLS; 25 where it is NONE.').optional(),
    security: z
      .enum(['STARTTLS', 'TLS', 'NONE'])
      .describe('STARTTLS: refused if the server cannot. TLS: from the first byte. NONE: in clear, and without a user.')
      .optional()
      .meta({ default: 'STARTTLS' }),
    user: z.string().min(1).max(320).describe('Who logs in there; without it nobody does.').optional(),
    password: secret('Its password.').optional(),
    ca: z.string().min(1).describe('Certificates (PEM) that the server may be signed by.').optional(),
    subject: template('Subject of the mail.', 500).optional().meta({ default: '{{title}}' }),
    body: template('Text of the mail.', 20_000).optional().meta({ default: '{{text}}' }),
    timeout,
  })
  .refine((one) => one.security !== 'NONE' || one.password === undefined, {
    path: ['security'],
    message: 'A password is never sent in clear: use STARTTLS or TLS.',
  })

const signing = secret('Signs each request: `X-ETL-Signature: t=<seconds>,v1=<HMAC-SHA256 of t.body>`.').optional()

const webhook = z.strictObject({
  name: channelName,
  type: z.literal('WEBHOOK').describe('By HTTP POST.'),
  url,
  format: z
    .enum(['JSON', 'SLACK', 'TEAMS', 'DINGTALK', 'WECOM'])
    .describe('JSON: the whole notification. The others: a message as that chat takes it.')
    .optional()
    .meta({ default: 'JSON' }),
  secret: signing.describe('Signs each request, see the guide; of DINGTALK, the robot’s own secret.'),
  headers,
  body: json('JSON to send in place of that of the format.').optional(),
  timeout,
})

const sms = z.strictObject({
  name: channelName,
  type: z.literal('SMS').describe('Through a gateway that takes JSON by HTTP POST.'),
  url,
  to: z
    .array(z.string().regex(/^\+?[0-9 ()-]{3,32}$/, 'Expected a telephone number.'))
    .min(1)
    .max(50)
    .describe('Whom.'),
  secret: signing,
  headers,
  body: json('JSON to send besides `to`; without it, `text`.').optional(),
  timeout,
})

export const channelSchema = z.discriminatedUnion('type', [email, webhook, sms])

/** By their names, as they are kept. */
export const channelsByName = z.record(z.string(), channelSchema)

const ruleType = z.enum(RULE_TYPE_NAMES as [RuleType, ...RuleType[]])

export const ruleFields = {
  name: z.string().trim().min(1).max(128).describe('Unique among alert rules.'),
  description: z.string().max(2000).describe('For people.').optional(),
  type: ruleType.describe('What it watches.'),
  job: z.string().min(1).max(128).describe('Name of the job; without it, every job.').optional(),
  tag: z.string().min(1).max(128).describe('Only jobs with this tag.').optional(),
  operator: z.enum(OPERATORS).describe('How the value is compared; without it, as usual for the type.').optional(),
  threshold: z.number().describe('What it is compared with; without it, as usual for the type.').optional(),
  duration: duration('How long it must hold before the alert is raised.').optional().meta({ default: '0s' }),
  level: z.enum(LEVELS).describe('How bad it is.').optional().meta({ default: 'ERROR' }),
  groupBy: z
    .enum(['RULE', 'JOB'])
    .describe('What is told together: all alerts of the rule, or those of each job.')
    .optional()
    .meta({ default: 'RULE' }),
  window: duration('At most one notification of a group in so long; it says how much it stands for.')
    .optional()
    .meta({ default: '1m' }),
  repeat: duration('What still fires and nobody has acknowledged is told again after it; 0s: never.')
    .optional()
    .meta({ default: '4h' }),
  notifyResolved: z.boolean().describe('Whether its end is told, too.').optional().meta({ default: true }),
  channels: z
    .array(channelSchema)
    .max(20)
    .refine((all) => new Set(all.map(nameOfChannel)).size === all.length, 'Each channel needs a name of its own.')
    .describe('Who is told, and how; without it, the alerts are only listed.')
    .optional(),
  enabled: z.boolean().describe('A disabled rule watches nothing.').optional().meta({ default: true }),
} as const

export const oneScope = {
  check: (rule: { readonly job?: unknown; readonly tag?: unknown }) => rule.job === undefined || rule.tag === undefined,
  says: { path: ['tag'], message: 'Name a job or a tag, not both.' },
}

export const alertRuleDocument = z
  .strictObject({ kind: z.literal('alertRule').describe('Kind of document.'), ...ruleFields })
  .refine(oneScope.check, oneScope.says)
  .describe('A rule that raises alerts.')

export type AlertRuleDocument = z.infer<typeof alertRuleDocument>
export type ChannelDocument = z.infer<typeof channelSchema>

export function nameOfChannel({ name, type }: { readonly name?: string | undefined; readonly type: string }): string {
  return name ?? type.toLowerCase()
}
