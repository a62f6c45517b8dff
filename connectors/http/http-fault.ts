import { isJobError, JobError } from '../../core/errors/job-error.js'
import { lostConnection } from '../../core/errors/system-error.js'

/** What is known of an error of the network, by shape. */
interface Told {
  readonly code?: string
  readonly name?: string
  readonly message?: string
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
}

/** Trouble that may be over the next time: no connection, none that holds, no answer in time. */
export function isPassing(error: unknown): boolean {
  const { code = '', name } = told(error)
  return passing.has(code) || name === 'TimeoutError'
}

/** An error of the network, for people. */
export function networkFault(error: unknown, shown: string, timeoutMs: number): JobError {
  if (isJobError(error)) return error
  const { code = '', name, message = '' } = told(error)
  const fault = (kind: 'connection.refused' | 'source.unreadable', why: string, hint: string) =>
    new JobError(kind, why, { cause: error, hint })
  if (name === 'TimeoutError')
    return fault(
      'source.unreadable',
      `${shown} has not answered within ${timeoutMs} ms.`,
      'Is the server busy? `timeout` allows more time.',
    )
  if (broken.has(code))
    return fault(
      'source.unreadable',
      `${shown} has broken off the connection before its answer was whole.`,
      'Is the server, or something before it, restarting?',
    )
  if (unpacking.test(code))
    return fault(
      'source.unreadable',
      `The answer of ${shown} is not packed as it says.`,
      'Its header `Content-Encoding` tells how.',
    )
  if (/CERT|SELF_SIGNED|TLS|SSL|EPROTO|ISSUER|SIGNATURE/.test(code))
    return fault(
      'connection.refused',
      `${shown} cannot be trusted: ${plain(message)}.`,
      'Check `tls` of the connection: the certificate authority, and the name in the certificate.',
    )
  if (name === 'HTTPParserError' || /^HPE_|^UND_ERR_(RESPONSE|HEADERS|REQ)/.test(code))
    return fault(
      'source.unreadable',
      `${shown} does not answer as HTTP is spoken: ${plain(message)}.`,
      'Is it an HTTP server, and is http or https right?',
    )
  return fault(
    'connection.refused',
    `${shown} cannot be reached: ${plain(message) || code}.`,
    'Is the server up, and are its name and port right?',
  )
}

/** `fault` came, and what is left to wait for is less than `ms`. */
export const outOfBudget = ({ code, message, cause, hint, pointer }: JobError, ms: number): JobError =>
  new JobError(
    code,
    `${message} To ask again it would have to wait ${Math.ceil(ms / 1000)} s, longer than \`retry.budget\` has left.`,
    {
      cause,
      ...(hint && { hint }),
      ...(pointer && { pointer }),
    },
  )

/** `fault` came at each of so many attempts. */
export const outOfAttempts = ({ code, message, cause, hint, pointer }: JobError, attempts: number): JobError =>
  new JobError(code, `${message} That was attempt ${attempts} of ${attempts}.`, {
    cause,
    ...(hint && { hint }),
    ...(pointer && { pointer }),
  })

export interface Refusal {
  readonly status: number
  readonly shown: string
  /** What the server said, without secrets; may be empty. */
  readonly said: string
}

/** An answer that is none of those that were hoped for. */
export function statusFault({ status, shown, said }: Refusal, of: 'SOURCE' | 'SINK'): JobError {
  const words = said === '' ? '' : `: ${said}`
  const message = `${shown} answers ${status}${words.replace(/\.$/, '')}.`
  if (status === 401 || status === 403 || status === 407)
    return new JobError('connection.denied', message, { hint: 'Check `auth`: who asks, and what that user may do.' })
  if (status === 429)
    return new JobError(of === 'SOURCE' ? 'source.unreadable' : 'sink.refused', message, {
      hint: 'Set `rateLimit` to what the server allows, or raise `retry.attempts` and `retry.budget`.',
    })
  if (of === 'SINK')
    return new JobError('sink.refused', message, { hint: 'Does the target take such requests at this URL?' })
  if (status === 404 || status === 410)
    return new JobError('source.missing', message, {
      pointer: '/url',
      hint: 'Is the URL right? If it is the page behind the last, say `stopWhen`.',
    })
  if (status >= 500 || status === 408 || status === 425)
    return new JobError('source.unreadable', message, { hint: 'The server has trouble of its own.' })
  return new JobError('config.invalid', message, {
    pointer: '/url',
    hint: 'The server does not understand the request: look at its parameters.',
  })
}

/** Of a sink it is the target that refuses. */
export function asSinkFault(error: unknown): unknown {
  if (!isJobError(error) || error.code !== 'source.unreadable') return error
  const { message, cause, hint } = error
  return new JobError('sink.refused', message, { cause, ...(hint && { hint }) })
}

function told(error: unknown): Told {
  if (typeof error !== 'object' || error === null) return {}
  const given = error as Told
  if (given.code !== undefined && given.errors === undefined) return given
  // Of several addresses none may have answered: the last one tells as much as any.
  const inner = given.errors?.at(-1) ?? given.cause
  const below = inner === undefined ? {} : told(inner)
  return below.code === undefined && below.name !== 'TimeoutError' ? given : below
}

const broken = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CLOSED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_ABORTED',
  'Z_BUF_ERROR',
])
const passing = new Set([...lostConnection, ...broken, 'UND_ERR_CONNECT_TIMEOUT'])
const unpacking = /^Z_|^ERR_BROTLI|^ERR__ERROR_FORMAT/

const plain = (message: string) => message.split('\n', 1)[0]!.replace(/\.$/, '')
