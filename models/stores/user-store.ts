/** Users, and the lock-out after failed log-ins. */
import { Op, type Transaction } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import type { Role } from '../../core/security/roles.js'
import type { Database } from '../database.js'
import { isDuplicate } from '../database-error.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { UserRow } from '../tables/users.js'
import { refuseLikeName, taken } from './user/like-name.js'

export interface UserRecord {
  readonly userId: string
  readonly username: string
  readonly email: string | null
  readonly displayName: string | null
  readonly role: Role
  readonly status: 'ACTIVE' | 'INACTIVE' | 'LOCKED'
  readonly authType: 'PASSWORD' | 'OIDC'
  readonly lastLoginAt: string | null
  readonly lastLoginAddress: string | null
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
}

export interface NewUser {
  readonly userId: string
  readonly username: string
  /** null: of another log-in than by password. */
  readonly passwordHash: string | null
  readonly role: Role
  readonly email: string | null
  readonly displayName: string | null
  readonly authType?: 'PASSWORD' | 'OIDC'
  /** `<issuer> <subject>` of an OIDC user. */
  readonly externalId?: string
}

export interface UserChange {
  readonly role?: Role | undefined
  readonly status?: 'ACTIVE' | 'INACTIVE' | undefined
  readonly email?: string | null | undefined
  readonly displayName?: string | null | undefined
}

export interface UserFilter extends PageRequest {
  readonly username?: string | undefined
  readonly role?: Role | undefined
}

export interface KnownUser {
  readonly user: UserRecord
  readonly passwordHash: string | null
  readonly isLocked: boolean
}

export type UserStore = ReturnType<typeof userStore>

export function userStore(database: Database) {
  const { user } = database.tables
  const find = async (userId: string): Promise<UserRecord> => {
    const row = await user.findOne({ where: { userId } })
    if (row === null) throw new JobError('not.found', 'There is no such user')
    return recordOf(row.get())
  }
  /** Nothing changed: it is gone, or its version is another. */
  const refuse = async (userId: string): Promise<never> => {
    const { version } = await find(userId)
    throw new JobError('conflict', `The user was changed in the meantime; its version is ${version}`)
  }
  return {
    find,
    isEmpty: async (): Promise<boolean> => (await user.count()) === 0,
    async create(given: NewUser): Promise<UserRecord> {
      try {
        await database.transaction(async (transaction) => {
          await refuseLikeName(database, given.username, transaction)
          await user.create({ ...given, passwordChangeTime: new Date() }, { transaction })
        })
      } catch (error) {
        throw isDuplicate(error) ? taken(given.username) : error
      }
      return await find(given.userId)
    },
    async findForLogin(username: string): Promise<KnownUser | null> {
      const row = (await user.findOne({ where: { username } }))?.get()
      if (row === undefined) return null
      return { user: recordOf(row), passwordHash: row.passwordHash, isLocked: isLocked(row) }
    },
    /** Of an OIDC user; null: they have never logged in. */
    async findByExternalId(externalId: string): Promise<UserRecord | null> {
      const row = await user.findOne({ where: { externalId } })
      return row === null ? null : recordOf(row.get())
    },
    async list({ username, role, ...request }: UserFilter): Promise<Page<UserRecord>> {
      const { where: before, order, limit } = pageQuery(request)
      const given = { ...(username === undefined ? {} : { username }), ...(role === undefined ? {} : { role }) }
      const rows = await user.findAll({ where: { [Op.and]: [before, given] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        request,
        recordOf,
      )
    },
    /** Throws `conflict` where no ADMIN who may act would be left. */
    async update(userId: string, change: UserChange, version: number | null): Promise<UserRecord> {
      const known = await find(userId)
      const given = Object.entries(change).filter(([, value]) => value !== undefined)
      const set = given.map(([field]) => `${COLUMN_OF[field as keyof UserChange]} = :${field}, `).join('')
      const changed = await database.transaction(async (transaction) => {
        if (isLessThanAdmin(change)) await keepAnAdmin(database, userId, transaction)
        return await database.execute(
          `UPDATE etl_user SET ${set}version = version + 1 WHERE user_id = :userId AND version = :version`,
          { ...Object.fromEntries(given), userId, version: version ?? known.version },
          transaction,
        )
      })
      return changed === 0 ? await refuse(userId) : await find(userId)
    },
    async setPassword(userId: string, passwordHash: string): Promise<void> {
      await user.update({ passwordHash, passwordChangeTime: new Date() }, { where: { userId } })
    },
    /**
     * Enough of them lock the account; after a lock that has run out they count from one again. Attempts that come together
     * count each: what is locked stays so until its time, also for one that began before.
     */
    async noteFailedLogin(userId: string, attempts: number, minutes: number): Promise<void> {
      const now = Date.now()
      // Assignments are made from left to right: the later ones see the new count.
      await database.execute(
        `UPDATE etl_user SET
            failed_login_count = IF(status = 'LOCKED', 1, failed_login_count + 1),
            status = IF(failed_login_count >= :attempts, 'LOCKED', 'ACTIVE'),
            locked_until = IF(failed_login_count >= :attempts, :until, NULL)
          WHERE user_id = :userId AND (status = 'ACTIVE' OR (status = 'LOCKED' AND locked_until <= :now))`,
        { userId, attempts, now: new Date(now), until: new Date(now + minutes * 60_000) },
      )
    },
    /** False: it was locked in the meantime. */
    async noteLogin(userId: string, ip: string): Promise<boolean> {
      await database.execute(
        `UPDATE etl_user SET status = 'ACTIVE', failed_login_count = 0, locked_until = NULL, last_login_time = :now, last_login_ip = :ip
          WHERE user_id = :userId AND status <> 'INACTIVE' AND (status <> 'LOCKED' OR locked_until <= :now)`,
        { userId, now: new Date(), ip },
      )
      // Read and not counted: a second log-in within the same second changes nothing.
      return (await find(userId)).status === 'ACTIVE'
    },
    async unlock(userId: string): Promise<UserRecord> {
      await database.execute(
        `UPDATE etl_user SET status = 'ACTIVE', failed_login_count = 0, locked_until = NULL, version = version + 1
          WHERE user_id = :userId AND status = 'LOCKED'`,
        { userId },
      )
      return await find(userId)
    },
    async remove(userId: string, version: number | null): Promise<void> {
      await database.transaction(async (transaction) => {
        await keepAnAdmin(database, userId, transaction)
        const where = { userId, ...(version === null ? {} : { version }) }
        if ((await user.destroy({ where, transaction })) === 0) await refuse(userId)
        await database.tables.apiToken.destroy({ where: { userId }, transaction })
      })
    },
  }
}

const COLUMN_OF: Readonly<Record<keyof UserChange, string>> = {
  role: 'role',
  status: 'status',
  email: 'email',
  displayName: 'display_name',
}

const isLessThanAdmin = ({ role, status }: UserChange): boolean =>
  status === 'INACTIVE' || (role !== undefined && role !== 'ADMIN')

/** Two who demote each other at once: the second waits for the first, and finds nobody else. */
async function keepAnAdmin(database: Database, except: string, transaction: Transaction): Promise<void> {
  const admins = await database.query<{ userId: string; status: string; lockedUntil: Date | null }>(
    `SELECT user_id AS userId, status, locked_until AS lockedUntil FROM etl_user
      WHERE role = 'ADMIN' AND status <> 'INACTIVE' ORDER BY id FOR UPDATE`,
    {},
    transaction,
  )
  if (!admins.some(({ userId }) => userId === except)) return
  if (admins.some((one) => one.userId !== except && !isLocked(one))) return
  throw new JobError('conflict', 'This is the last ADMIN who may log in', { hint: 'Make another user ADMIN first.' })
}

/** A lock ends by itself. */
function isLocked({ status, lockedUntil }: { readonly status: string; readonly lockedUntil: Date | null }): boolean {
  return status === 'LOCKED' && (lockedUntil === null || new Date(lockedUntil).getTime() > Date.now())
}

function recordOf(row: UserRow): UserRecord {
  return {
    userId: row.userId,
    username: row.username,
    email: row.email,
    displayName: row.displayName,
    role: row.role,
    status: row.status === 'LOCKED' && !isLocked(row) ? 'ACTIVE' : row.status,
    authType: row.authType,
    lastLoginAt: row.lastLoginTime?.toISOString() ?? null,
    lastLoginAddress: row.lastLoginIp,
    version: row.version,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
