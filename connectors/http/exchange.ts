/** One request and its answer, wherever redirects lead. What fails here fails in the words of the system. */
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { JobError } from '../../core/errors/job-error.js'

export interface Outgoing {
  readonly method: string
  readonly url: URL
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Where it comes from, after redirects. */
  readonly url: URL
  /** Unpacked. */
  readonly body: Readable
}

interface Secret {
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

const mostRedirects = 5

/** `secretFor` gives what is added for a host: nothing for others than the own one, and of `headers` they get only what is harmless. */
export async function exchange(
  first: Outgoing,
  secretFor: (url: URL) => Secret | null,
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<Answer> {
  let outgoing = first
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send(outgoing, secretFor(outgoing.url), agent, signal)
    const { location } = answer.headers
    if (!redirections.has(answer.status) || location === undefined) return answer
    answer.body.destroy()
    const url = URL.canParse(location, outgoing.url.href) ? new URL(location, outgoing.url) : null
    if (url === null) throw refused(outgoing.url, 'to what is no URL')
    if (!/^https?:$/.test(url.protocol))
      throw refused(outgoing.url, `to a URL of \`${url.protocol}\`, which is never followed`)
    if (redirects === mostRedirects) throw refused(outgoing.url, 'again and again')
    const staysAsItIs = outgoing.method === 'GET' || answer.status >= 307
    if (!staysAsItIs || (outgoing.body !== null && url.origin !== outgoing.url.origin))
      throw refused(outgoing.url, `to ${url.origin}${url.pathname}, where its body is not to go`)
    outgoing = { ...outgoing, url }
  }
}

async function send(
  { method, url, headers, body }: Outgoing,
  secret: Secret | null,
  agent: Dispatcher,
  signal: AbortSignal,
) {
  const target = new URL(url)
  for (const [name, value] of Object.entries(secret?.query ?? {})) target.searchParams.set(name, value)
  const common = secret === null ? onlyHarmless(headers) : { ...headers, ...secret.headers }
  const answer = await agent.request({
    origin: target.origin,
    path: `${target.pathname}${target.search}`,
    method: method as Dispatcher.HttpMethod,
    headers: { 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'etl', ...common },
    body,
    signal,
    // The signal says how long it may take.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  // One that nobody reads, or that is let go of, must not end the process when it breaks off.
  answer.body.on('error', () => undefined)
  const flat = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')])
  const received: Readonly<Record<string, string>> = Object.fromEntries(flat)
  return {
    status: answer.statusCode,
    headers: received,
    url,
    body: unpacked(answer.body, received['content-encoding']),
  }
}

/** All of it, up to a limit. Throws `source.unreadable` beyond it. */
export async function collect(answer: Pick<Answer, 'body' | 'url'>, mostBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of answer.body) {
    pieces.push(piece)
    size += piece.length
    if (size <= mostBytes) continue
    answer.body.destroy()
    const { origin, pathname } = answer.url
    const limit = `${mostBytes / 1024 / 1024} MiB`
    throw new JobError('source.unreadable', `The answer of ${origin}${pathname} is larger than ${limit}.`, {
      hint: 'Ask for smaller pages.',
    })
  }
  return Buffer.concat(pieces)
}

/** Its beginning, for people; a server that says nothing more does not hold up what it has said. */
export async function beginning({ body }: Pick<Answer, 'body'>, bytes: number): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of body) {
      pieces.push(piece)
      size += piece.length
      if (size >= bytes) break
    }
  } catch {
    // What counts is the status, which is known.
  } finally {
    body.destroy()
  }
  return Buffer.concat(pieces).subarray(0, bytes).toString('utf8')
}

const redirections = new Set([301, 302, 303, 307, 308])

function onlyHarmless(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => ['accept', 'content-type', 'user-agent'].includes(name)),
  )
}

function unpacked(body: Readable, encoding: string | undefined): Readable {
  const unpack = unpackers[encoding?.trim().toLowerCase() ?? '']
  if (unpack === undefined) return body
  const unpacking = unpack()
  unpacking.on('error', () => undefined)
  // Whoever reads is told what goes wrong.
  pipeline(body, unpacking, () => undefined)
  return unpacking
}

const unpackers: Readonly<
  Record<string, () => ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>>
> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

function refused({ origin, pathname }: URL, where: string): JobError {
  return new JobError('config.invalid', `${origin}${pathname} redirects ${where}.`, {
    pointer: '/url',
    hint: 'Say the URL that answers.',
  })
}
