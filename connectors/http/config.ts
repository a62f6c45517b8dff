import { z } from 'zod'
import { duration, secret, sql } from '../../core/config/schema.js'
import { parseDuration } from '../../core/spec/duration.js'
import { sinkGuarantees, sourceGuarantees } from './guarantees.js'

const lasting = (meaning: string) =>
  duration(meaning).refine((text) => (parseDuration(text) ?? 1) > 0, 'Expected more than no time.')
const pointer = (meaning: string) =>
  z
    .string()
    .regex(/^(\/([^~]|~[01])*)?$/, 'Expected a JSON pointer like /data/items.')
    .describe(meaning)
const httpUrl = (meaning: string) =>
  z
    .string()
    .trim()
    .regex(/^https?:\/\/\S+$/i, 'Expected a URL like https://host/path.')
    .describe(meaning)

const headers = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'Expected the name of a header.'),
    z.string().regex(/^[^\r\n\0]*$/, 'Expected one line.'),
  )
  .optional()
  .meta({ secretIn: 'HEADERS' })
  .describe(
    'Headers of every request. Their values are kept as secrets, but for `Accept`, `Content-Type`, `User-Agent` and others that never hold one.',
  )

const auth = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('BASIC').describe('User name and password with every request.'),
      username: z.string().min(1).describe('User.'),
      password: secret('Password.'),
    }),
    z.strictObject({
      type: z.literal('BEARER').describe('A token that does not change.'),
      token: secret('The token.'),
    }),
    z.strictObject({
      type: z.literal('API_KEY').describe('A key in a header or in the query.'),
      name: z.string().min(1).default('X-API-Key').describe('Name of the header or of the query parameter.'),
      value: secret('The key.'),
      in: z.enum(['HEADER', 'QUERY']).default('HEADER').describe('Where it goes.'),
    }),
    z.strictObject({
      type: z.literal('OAUTH2').describe('Client credentials: a token is fetched, kept, and renewed in time.'),
      tokenUrl: httpUrl('Where tokens are given.'),
      clientId: z.string().min(1).describe('Client.'),
      clientSecret: secret('Its secret.'),
      scope: z.string().min(1).optional().describe('Scopes, with spaces between them.'),
      audience: z.string().min(1).optional().describe('Whom the token is for, where the server asks that.'),
      clientAuth: z
        .enum(['BASIC', 'BODY'])
        .default('BASIC')
        .describe('How the client proves itself: in a header, or in the body of the request for a token.'),
    }),
  ])
  .optional()
  .describe('Log in. It is sent to the host of `url` only, wherever redirects and links lead.')

export type Auth = NonNullable<z.infer<typeof auth>>

const rateLimit = z
  .union([
    z.number().positive(),
    z.strictObject({
      requests: z.int().min(1).describe('How many.'),
      per: lasting('In how long.').default('1s'),
    }),
  ])
  .optional()
  .describe(
    'At most so many requests a second, or `{requests: 100, per: 1m}`. That of a connection holds for all of its jobs within one worker process together, not across workers: with three workers divide it by three.',
  )

export type RateLimit = NonNullable<z.infer<typeof rateLimit>>

const retry = z
  .strictObject({
    attempts: z.int().min(1).max(100).default(5).describe('How often one request is sent at most.'),
    delay: duration('Before the second; it doubles with each further one.').default('500ms'),
    maxDelay: duration('It grows up to this.').default('30s'),
    budget: duration(
      'So long the requests of one epoch may wait for repetitions, all together, `Retry-After` included.',
    ).default('2m'),
  })
  .optional()
  .describe(
    'Requests without an answer, and answers 408, 425, 429 and 5xx, are repeated. A wait that `Retry-After` asks for costs no attempt.',
  )

const timeout = lasting('One request with its whole answer takes at most so long; else 60s.').optional()

export const connectionConfig = z.strictObject({
  url: httpUrl('What the URLs of jobs begin with: `https://host/v1`.'),
  auth,
  headers,
  rateLimit,
  retry,
  timeout,
  connectTimeout: lasting('A connection is made in at most so long.').default('10s'),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().describe('Certificate authority, PEM.'),
      cert: z.string().min(1).optional().describe('Certificate of this client, PEM.'),
      key: secret('Private key of that certificate, PEM.').optional(),
      passphrase: secret('Of the private key.').optional(),
      rejectUnauthorized: z.boolean().default(true).describe('Refuse a server whose certificate cannot be verified.'),
    })
    .optional()
    .describe('Certificates of https, where the usual ones do not do.'),
})

export type HttpConnection = z.infer<typeof connectionConfig>

const common = {
  connection: z
    .union([z.string().min(1), connectionConfig])
    .optional()
    .describe('Name of a connection, or a connection itself: `{url: https://…}`; `url` is then below its URL.'),
  url: z.string().trim().describe('Where to: a URL, or with a connection what comes behind its own: `/orders`.'),
  headers,
  auth,
  rateLimit,
  retry,
  timeout,
}

/** What source and sink say of how requests are made. */
export type Access = Omit<z.infer<z.ZodObject<typeof common>>, 'connection'>

const needsWholeUrl = {
  test: (config: { connection?: unknown; url: string }) =>
    config.connection !== undefined || /^https?:\/\/\S+$/i.test(config.url),
  problem: { path: ['url'], error: 'without a connection it begins with https:// or http://' },
}

const scalar = z.union([z.string(), z.number(), z.boolean()])
const parameter = (meaning: string) =>
  z.string().min(1).describe(`${meaning}: a query parameter, or with a \`/\` before it a place in \`body\`.`)
const size = { size: z.int().min(1).optional().describe('How many records to ask for at a time.') }

const pagination = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('PAGE').describe('Pages are numbered; it ends with a page without records.'),
      param: parameter('Number of the page').default('page'),
      start: z.int().min(0).default(1).describe('Number of the first page.'),
      sizeParam: parameter('Takes `size`').optional(),
      ...size,
    }),
    z.strictObject({
      type: z.literal('OFFSET').describe('By the number of records before; it ends with a page without records.'),
      param: parameter('How many records to pass over').default('offset'),
      start: z.int().min(0).default(0).describe('Where the first page begins.'),
      sizeParam: parameter('Takes `size`').default('limit'),
      ...size,
    }),
    z.strictObject({
      type: z.literal('CURSOR').describe('Each answer says where the next begins; it ends when one does not.'),
      param: parameter('The cursor').default('cursor'),
      at: pointer('Where the next cursor stands in the answer: `/meta/next`.'),
      sizeParam: parameter('Takes `size`').optional(),
      ...size,
    }),
    z.strictObject({
      type: z.literal('LINK').describe('Each answer links to the next; it ends when one does not.'),
      at: pointer(
        'Where the URL of the next page stands in the answer; else in the header `Link`, as `rel="next"`.',
      ).optional(),
      sizeParam: parameter('Takes `size`, of the first page').optional(),
      ...size,
    }),
  ])
  .optional()
  .describe('How the answer goes on; without it one answer is all.')

export type Pagination = NonNullable<z.infer<typeof pagination>>

export const sourceConfig = z
  .strictObject({
    ...common,
    method: z.enum(['GET', 'POST']).optional().describe('Else POST where there is a `body`, and GET without.'),
    query: z
      .record(z.string().min(1), z.union([scalar, z.array(scalar)]))
      .optional()
      .meta({ secretIn: 'QUERY' })
      .describe(
        'Parameters behind the URL; a list gives several of the same name. Those called like a secret (`key`, `token`, `sig`) are kept as one.',
      ),
    body: z
      .union([z.string(), z.record(z.string(), z.unknown())])
      .optional()
      .describe('Sent with every request: an object as JSON, a text as it is.'),
    records: pointer(
      'Where the records stand in the answer: `/data/items`; else it is them, a list or one object.',
    ).default(''),
    columns: z
      .record(z.string().min(1), z.string().trim().min(1))
      .refine((columns) => Object.keys(columns).length > 0, 'name at least one column')
      .optional()
      .describe(
        'Column types by name: `{id: BIGINT, name: VARCHAR}`; else inferred once from the first page, when the job is saved. What a type cannot hold as it is written, like 1.5 in a BIGINT, is a bad record.',
      ),
    pagination,
    stopWhen: sql(
      'CONDITION',
      "True on the last page: over `answer`, its JSON, and `records`, how many it holds: `answer ->> '/meta/more' = 'false'`.",
    ).optional(),
    incremental: z
      .strictObject({
        param: parameter('What to ask from'),
        column: z.string().min(1).describe('A column that only grows; its largest value is asked from the next time.'),
        from: z.union([z.string(), z.number()]).optional().describe('What the first execution asks from.'),
      })
      .optional()
      .describe('With `positions: CONTINUE`, and from look to look: only what came since.'),
    interval: lasting('STREAMING: how often to look. Without `incremental` each look reads everything.').optional(),
  })
  .refine(needsWholeUrl.test, needsWholeUrl.problem)
  .refine((config) => config.method !== 'GET' || config.body === undefined, {
    path: ['body'],
    error: 'a GET has none',
  })
  .refine((config) => typeof config.body === 'object' || !parametersOf(config).some((name) => name.startsWith('/')), {
    path: ['body'],
    error: 'a parameter has its place in it: it must be an object',
  })
  .refine((config) => config.pagination !== undefined || config.stopWhen === undefined, {
    path: ['stopWhen'],
    error: 'only with `pagination`',
  })
  .describe(sourceGuarantees)

export type HttpSourceConfig = z.infer<typeof sourceConfig>

export const sinkConfig = z
  .strictObject({
    ...common,
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST').describe('How records are sent.'),
    format: z
      .enum(['array', 'lines', 'object'])
      .default('array')
      .describe('What a request holds: a JSON array of objects, a JSON object on each line, or one object.'),
    records: pointer('With `array`: where the array stands in the body: `/items`; else it is the body.').default(''),
    batchSize: z.int().min(1).max(10_000).default(100).describe('Records of one request, where it holds several.'),
  })
  .refine(needsWholeUrl.test, needsWholeUrl.problem)
  .refine((config) => config.format === 'array' || config.records === '', {
    path: ['records'],
    error: 'only with `format: array`',
  })
  .describe(sinkGuarantees)

export type HttpSinkConfig = z.infer<typeof sinkConfig>

interface Parameters {
  readonly pagination?: Pagination | undefined
  readonly incremental?: { readonly param: string } | undefined
}

function parametersOf({ pagination: pages, incremental }: Parameters): readonly string[] {
  const own = pages !== undefined && 'param' in pages ? pages.param : undefined
  return [incremental?.param, pages?.sizeParam, own].filter((name) => name !== undefined)
}
