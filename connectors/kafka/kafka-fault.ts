import { isJobError, JobError } from '../../core/errors/job-error.js'
import { lostConnection } from '../../core/errors/system-error.js'

/** What is known of an error of the library, by shape: errors cross realms where modules are sandboxed. */
interface Told {
  readonly code?: string
  /** The protocol's name of it. */
  readonly apiId?: string
  readonly canRetry?: boolean
  readonly serverErrorMessage?: string | null
  readonly message?: string
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
  readonly response?: {
    readonly responses?: readonly {
      readonly partitionResponses?: readonly {
        readonly recordErrors?: readonly {
          readonly batchIndex: number
          readonly batchIndexErrorMessage: string | null
        }[]
      }[]
    }[]
  }
}

/** What went wrong with the cluster, for people: no password. */
export function kafkaFault(error: unknown, brokers: string): JobError {
  if (isJobError(error)) return error
  const all = flattened(error)
  const names = all.flatMap(({ apiId }) => apiId ?? [])
  const said = all.find(({ serverErrorMessage }) => serverErrorMessage)?.serverErrorMessage
  const told = said ?? names[0]?.toLowerCase().replaceAll('_', ' ') ?? ''
  const login = names.find((name) => logIns.has(name))
  if (login !== undefined || all.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) {
    return new JobError(
      'connection.denied',
      `The brokers refused the user name or the password (${brokers}): ${told}.`,
      {
        cause: error,
        hint: 'Check `sasl`: mechanism, username and password.',
      },
    )
  }
  const forbidden = names.find((name) => name.endsWith('_AUTHORIZATION_FAILED'))
  if (forbidden !== undefined) {
    const what = forbidden.replace('_AUTHORIZATION_FAILED', '').toLowerCase().replaceAll('_', ' ')
    return new JobError('connection.denied', `The brokers do not allow this user to use the ${what} (${brokers}).`, {
      cause: error,
      hint: 'Give it an ACL that allows it.',
    })
  }
  if (names.includes('UNKNOWN_TOPIC_OR_PARTITION')) {
    return new JobError('source.missing', `The topic or the partition is not there any more (${brokers}).`, {
      cause: error,
    })
  }
  if (names.length > 0) {
    return new JobError('source.unreadable', `The brokers answered with an error (${brokers}): ${told}.`, {
      cause: error,
    })
  }
  const system = all.find(({ code }) => code !== undefined && !code.startsWith('PLT_'))
  const why = system?.message ?? all.at(-1)?.message ?? 'connection lost'
  return new JobError('connection.refused', `The brokers cannot be reached (${brokers}): ${why.replace(/\.$/, '')}.`, {
    cause: error,
    hint: /certificate|self.signed|TLS|SSL/i.test(why)
      ? 'Check `tls`: the certificate authority, and the name in the certificate.'
      : 'Are the brokers up, do they advertise addresses that can be reached from here, and do they want `tls` or `sasl`?',
  })
}

/** Of a sink it is the target that refuses. */
export function asSinkFault(error: unknown): unknown {
  if (!isJobError(error) || !['source.unreadable', 'source.missing'].includes(error.code)) return error
  const { message, cause, pointer, hint } = error
  return new JobError('sink.refused', message, { cause, ...(pointer && { pointer }), ...(hint && { hint }) })
}

/** Trouble that is over when a broker has started again, or a partition has got another leader. */
export function isPassing(error: unknown): boolean {
  if (isJobError(error)) return false
  const all = flattened(error)
  if (all.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) return false
  const told = all.filter(({ apiId }) => apiId !== undefined)
  if (told.length > 0) return told.every(({ canRetry }) => canRetry === true)
  return all.some(({ code = '' }) => code === 'PLT_KFK_NETWORK' || lost.has(code))
}

/** The protocol's name of an error (`MESSAGE_TOO_LARGE`), if that is what it is. */
export function isAnswer(error: unknown, ...names: readonly string[]): boolean {
  return flattened(error).some(({ apiId }) => apiId !== undefined && names.includes(apiId))
}

/** Which messages of a batch a broker does not take, and why. */
export function recordErrors(error: unknown): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const { response } of flattened(error)) {
    const partitions = (response?.responses ?? []).flatMap(({ partitionResponses }) => partitionResponses ?? [])
    for (const { recordErrors = [] } of partitions) {
      for (const { batchIndex, batchIndexErrorMessage } of recordErrors) {
        found.set(batchIndex, batchIndexErrorMessage ?? 'The broker does not take it.')
      }
    }
  }
  return found
}

function flattened(error: unknown): Told[] {
  if (typeof error !== 'object' || error === null) return []
  const told = error as Told
  return [told, ...(told.errors ?? []).flatMap(flattened), ...flattened(told.cause)]
}

const logIns = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
])

const lost = new Set(lostConnection)
