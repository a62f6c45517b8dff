/** First answers to requests that may be sent again. */
import { Op } from 'sequelize'
import type { Database } from '../database.js'
import { isDuplicate } from '../database-error.js'

export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface KeyClaim {
  readonly userId: string
  readonly key: string
  readonly requestHash: string
  readonly requestPath: string
}

export interface Claimed {
  /** ours: go on; answered: here is the first answer; busy: the first request is still at work. */
  readonly kind: 'ours' | 'answered' | 'busy'
  /** Of whoever claimed the key first. */
  readonly requestHash: string
  readonly answer: KeptAnswer | null
}

export type IdempotencyStore = ReturnType<typeof idempotencyStore>

const KEPT_MS = 24 * 3_600_000
/** A request that has not answered for so long died with its process: the next one takes its place. */
const DEAD_AFTER_MS = 60_000

export function idempotencyStore(database: Database) {
  const { idempotencyKey } = database.tables
  return {
    async claim({ userId, key, requestHash, requestPath }: KeyClaim): Promise<Claimed> {
      const now = Date.now()
      const where = { userId, idempotencyKey: key }
      const ours: Claimed = { kind: 'ours', requestHash, answer: null }
      const given = {
        ...where,
        requestHash,
        requestPath: requestPath.slice(0, 512),
        expireTime: new Date(now + KEPT_MS),
      }
      const outlived = {
        [Op.or]: [
          { expireTime: { [Op.lt]: new Date(now) } },
          { responseStatus: null, requestHash, createTime: { [Op.lt]: new Date(now - DEAD_AFTER_MS) } },
        ],
      }
      for (let tried = 0; tried < 3; tried += 1) {
        try {
          await idempotencyKey.create(given)
          return ours
        } catch (error) {
          if (!isDuplicate(error)) throw error
        }
        if ((await idempotencyKey.destroy({ where: { ...where, ...outlived } })) > 0) continue
        const row = (await idempotencyKey.findOne({ where }))?.get()
        if (row === undefined) continue
        if (row.responseStatus === null) return { kind: 'busy', requestHash: row.requestHash, answer: null }
        const answer = { status: row.responseStatus, headers: row.responseHeaders ?? {}, body: row.responseBody }
        return { kind: 'answered', requestHash: row.requestHash, answer }
      }
      return { kind: 'busy', requestHash, answer: null }
    },
    async keep(userId: string, key: string, { status, headers, body }: KeptAnswer): Promise<void> {
      const answer = { responseStatus: status, responseHeaders: headers, responseBody: body as object }
      await idempotencyKey.update(answer, { where: { userId, idempotencyKey: key } })
    },
    async release(userId: string, key: string): Promise<void> {
      await idempotencyKey.destroy({ where: { userId, idempotencyKey: key, responseStatus: null } })
    },
  }
}
