/** Bearer tokens: only their hashes are stored. */
import { Op } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import { includesRole, type Role } from '../../core/security/roles.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { ApiTokenRow } from '../tables/users.js'

export interface TokenRecord {
  readonly tokenId: string
  readonly userId: string
  readonly name: string
  readonly type: 'SESSION' | 'API'
  readonly role: Role | null
  /** null: never. */
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  /** Where it was asked for. */
  readonly address: string | null
  readonly userAgent: string | null
  readonly createdAt: string
}

export interface TokenFilter extends PageRequest {
  /** null: of everybody. */
  readonly userId: string | null
  readonly type?: 'SESSION' | 'API' | undefined
}

export interface NewToken {
  readonly tokenId: string
  readonly userId: string
  readonly name: string
  readonly type: 'SESSION' | 'API'
  readonly role: Role | null
  readonly hash: string
  readonly expiresAt: string | null
  readonly address?: string | null
  readonly userAgent?: string | null
}

export interface TokenOwner {
  readonly tokenId: string
  readonly userId: string
  readonly username: string
  readonly role: Role
  /** Of an API token; null: never, or a log-in. */
  readonly tokenEnds: string | null
}

interface Owned extends Omit<TokenOwner, 'tokenEnds'> {
  readonly tokenRole: Role | null
  readonly lastUsed: Date | null
  readonly type: 'SESSION' | 'API'
  readonly ends: Date | null
}

export type TokenStore = ReturnType<typeof tokenStore>

const USED_EVERY_MS = 60_000

export function tokenStore(database: Database) {
  const { apiToken } = database.tables
  const find = async (tokenId: string): Promise<TokenRecord> => {
    const row = await apiToken.findOne({ where: { tokenId } })
    if (row === null) throw new JobError('not.found', 'There is no such token')
    return recordOf(row.get())
  }
  return {
    async create(token: NewToken): Promise<TokenRecord> {
      const { tokenId, userId, name, type, role, hash, expiresAt, address = null, userAgent = null } = token
      await apiToken.create({
        tokenId,
        userId,
        tokenName: name,
        tokenType: type,
        role,
        tokenHash: hash,
        expireTime: expiresAt === null ? null : new Date(expiresAt),
        createIp: address,
        userAgent,
      })
      return await find(tokenId)
    },
    /** Who holds the token, if it is valid and its user may act. A lock is against guessing passwords: tokens go on. */
    async findOwner(hash: string): Promise<TokenOwner | null> {
      const [row] = await database.query<Owned>(
        `SELECT t.token_id AS tokenId, t.role AS tokenRole, t.last_used_time AS lastUsed,
                t.token_type AS type, t.expire_time AS ends,
                u.user_id AS userId, u.username AS username, u.role AS role
           FROM etl_api_token t JOIN etl_user u ON u.user_id = t.user_id
          WHERE t.token_hash = :hash AND t.revoked_time IS NULL
            AND (t.expire_time IS NULL OR t.expire_time > :now) AND u.status <> 'INACTIVE'`,
        { hash, now: new Date() },
      )
      if (row === undefined) return null
      const { tokenId, userId, username, tokenRole, lastUsed, type, ends } = row
      if (lastUsed === null || Date.now() - new Date(lastUsed).getTime() > USED_EVERY_MS) {
        await apiToken.update({ lastUsedTime: new Date() }, { where: { tokenId } })
      }
      // A token never has more rights than its user has now.
      const role = tokenRole !== null && includesRole(row.role, tokenRole) ? tokenRole : row.role
      const tokenEnds = type === 'SESSION' || ends === null ? null : new Date(ends).toISOString()
      return { tokenId, userId, username, role, tokenEnds }
    },
    /** Those that are valid. */
    async list({ userId, type, ...request }: TokenFilter): Promise<Page<TokenRecord>> {
      const valid = { revokedTime: null, expireTime: { [Op.or]: [{ [Op.is]: null }, { [Op.gt]: new Date() }] } }
      const given = { ...(userId === null ? {} : { userId }), ...(type === undefined ? {} : { tokenType: type }) }
      const { where: before, order, limit } = pageQuery(request)
      const rows = await apiToken.findAll({ where: { [Op.and]: [before, given, valid] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        request,
        recordOf,
      )
    },
    /** `userId` null: whoever it belongs to. */
    async revoke(tokenId: string, userId: string | null): Promise<void> {
      const where = { tokenId, revokedTime: null, ...(userId === null ? {} : { userId }) }
      const [changed] = await apiToken.update({ revokedTime: new Date() }, { where })
      if (changed === 0) throw new JobError('not.found', 'There is no such token')
    },
    /** Every token of the user but one. */
    async revokeAll(userId: string, except: string | null): Promise<void> {
      const where = { userId, revokedTime: null, ...(except === null ? {} : { tokenId: { [Op.ne]: except } }) }
      await apiToken.update({ revokedTime: new Date() }, { where })
    },
  }
}

function recordOf(row: ApiTokenRow): TokenRecord {
  return {
    tokenId: row.tokenId,
    userId: row.userId,
    name: row.tokenName ?? '',
    type: row.tokenType,
    role: row.role,
    expiresAt: row.expireTime?.toISOString() ?? null,
    lastUsedAt: row.lastUsedTime?.toISOString() ?? null,
    address: row.createIp,
    userAgent: row.userAgent,
    createdAt: row.createTime.toISOString(),
  }
}
