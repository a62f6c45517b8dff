import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import { type Credentials, credentialsOf, renew, withoutSecrets } from './credentials.js'
import { type Endpoint, type Patience, shownUrl } from './endpoint.js'
import { type Answer, beginning, exchange, type Outgoing } from './exchange.js'
import { isPassing, networkFault, outOfAttempts, outOfBudget, statusFault } from './http-fault.js'
import { retryAfterMs } from './retry-after.js'

/** Requests of one piece of work: they share what may be waited for repetitions. */
export interface HttpClient {
  /**
   * Sends it until there is an answer that is wanted, and gives what `take` makes of that; what breaks off in there is sent
   * again, too. Throws `connection.refused`, `connection.denied`, `cancelled`, and what `statusFault` says.
   */
  ask<T>(request: Outgoing, take: Take<T>): Promise<T>
}

export interface Take<T> {
  wants(status: number): boolean
  /** `words`: the beginning of the answer, for people. `tellable`: of a text of the server what may be told (I6). */
  from(answer: Answer, words: () => Promise<string>, tellable: (said: string) => string): Promise<T>
}

export const isTaken = (status: number): boolean => status >= 200 && status < 300

type Tried<T> =
  | { readonly kind: 'DONE'; readonly value: T }
  | { readonly kind: 'AGAIN'; readonly fault: JobError }
  /** The server says when; it costs no attempt. */
  | { readonly kind: 'WAIT'; readonly fault: JobError; readonly ms: number }
  | { readonly kind: 'RENEW'; readonly fault: JobError }

export function openClient(endpoint: Endpoint, signal: AbortSignal, of: 'SOURCE' | 'SINK'): HttpClient {
  const { retry, paces } = endpoint
  let budgetMs = retry.budgetMs
  const wait = async (ms: number, fault: JobError) => {
    if (ms > budgetMs) throw outOfBudget(fault, ms)
    budgetMs -= ms
    await sleep(ms, undefined, { signal }).catch(() => {
      throw cancelled()
    })
  }
  return {
    async ask(request, take) {
      let renewed = false
      for (let tries = 1; ; ) {
        const tried = await attempt(request, take, endpoint, signal, of)
        if (tried.kind === 'DONE') return tried.value
        if (tried.kind === 'RENEW') {
          if (renewed) throw tried.fault
          renewed = true
        } else if (tried.kind === 'WAIT') {
          // Nobody else asks in the meantime either.
          for (const pace of paces) pace.hold(Math.min(tried.ms, budgetMs))
          await wait(Math.max(tried.ms, shortestWaitMs), tried.fault)
        } else {
          if (tries === retry.attempts) throw outOfAttempts(tried.fault, tries)
          await wait(backoffMs(tries, retry), tried.fault)
          tries += 1
        }
      }
    },
  }
}

/** A server that asks for no time at all would be asked without end. */
const shortestWaitMs = 100

async function attempt<T>(
  request: Outgoing,
  take: Take<T>,
  endpoint: Endpoint,
  signal: AbortSignal,
  of: 'SOURCE' | 'SINK',
): Promise<Tried<T>> {
  try {
    for (const pace of endpoint.paces) await pace.turn(signal)
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(endpoint.timeoutMs)])
    const secret = await credentialsOf(endpoint, inTime)
    const secretFor = ({ origin }: URL) => (origin === endpoint.url.origin ? secret : null)
    const headers = { ...endpoint.headers, ...request.headers }
    const answer = await exchange({ ...request, headers }, secretFor, await endpoint.agent(), inTime)
    const tellable = (said: string) => withoutSecrets(said, endpoint, secret, request.url)
    const words = async () => inShort(tellable(await beginning(answer, wordsBytes)), longestWords)
    if (take.wants(answer.status)) return { kind: 'DONE', value: await take.from(answer, words, tellable) }
    return await disappointed(answer, await words(), secret, endpoint, of)
  } catch (error) {
    if (signal.aborted) throw cancelled()
    const fault = networkFault(error, shownUrl(request.url), endpoint.timeoutMs)
    if (isPassing(error)) return { kind: 'AGAIN', fault }
    throw fault
  }
}

async function disappointed(
  { status, headers, url }: Answer,
  said: string,
  secret: Credentials,
  endpoint: Endpoint,
  of: 'SOURCE' | 'SINK',
): Promise<Tried<never>> {
  const fault = statusFault({ status, shown: shownUrl(url), said }, of)
  if (status === 401 && renew(endpoint, secret)) return { kind: 'RENEW', fault }
  if (status < 500 && ![408, 425, 429].includes(status)) throw fault
  if (status === 501 || status === 505) throw fault
  const ms = retryAfterMs(headers['retry-after'], headers.date, Date.now())
  return ms === null ? { kind: 'AGAIN', fault } : { kind: 'WAIT', fault, ms }
}

/** Much more than is told: a secret that was cut could not be known. */
export const wordsBytes = 65_536
const longestWords = 300

export function inShort(text: string, longest: number): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return line.length > longest ? `${line.slice(0, longest)}…` : line
}

/** Somewhere in the upper half of what is due, so that those who failed together do not come back together. */
function backoffMs(tries: number, { delayMs, maxDelayMs }: Patience): number {
  return Math.round(Math.min(delayMs * 2 ** (tries - 1), maxDelayMs) * (0.5 + Math.random() / 2))
}

const cancelled = () => new JobError('cancelled', 'It was cancelled.')
