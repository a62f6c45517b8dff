/** Idempotency-Key: the same key and request give the first answer again; another request under the key is refused. */
import { createHash } from 'node:crypto'
import type { Request } from 'express'
import { JobError } from '../../core/errors/job-error.js'
import type { ApiDeps } from '../deps.js'
import type { Answer } from './route.js'

export interface Claim {
  /** The first answer, if there is one. */
  readonly answer: Answer | null
  /** What the call creates gets this id, whichever try creates it: a crash between creating and answering is harmless. */
  readonly newId: string
  keep(answer: Answer & { readonly status: number }): Promise<void>
  release(): Promise<void>
}

export async function claimKey(key: string, userId: string, request: Request, deps: ApiDeps): Promise<Claim> {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new JobError('usage.invalid', 'Idempotency-Key must be 1 to 200 printable characters without spaces')
  }
  const name = sha256(JSON.stringify([request.method, request.path, key]))
  const requestHash = sha256(JSON.stringify([request.query, request.body ?? null]))
  const claimed = await deps.idempotency.claim({ userId, key: name, requestHash, requestPath: request.path })
  if (claimed.requestHash !== requestHash) {
    throw new JobError('conflict', 'This Idempotency-Key was used for another request')
  }
  if (claimed.kind === 'busy') {
    const hint = 'Ask again in a moment.'
    throw new JobError('conflict', 'A request with this Idempotency-Key is still at work', { hint })
  }
  const { answer } = claimed
  return {
    answer: answer === null ? null : { ...answer, headers: { ...answer.headers, 'Idempotency-Replayed': 'true' } },
    newId: idFrom(sha256(`${userId}:${name}`)),
    keep: async (first) => await deps.idempotency.keep(userId, name, { headers: {}, body: null, ...first }),
    release: async () => await deps.idempotency.release(userId, name),
  }
}

function idFrom(hash: string): string {
  return hash.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-8$3-a$4-$5')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
