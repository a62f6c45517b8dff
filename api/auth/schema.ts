import { z } from 'zod'
import { secret } from '../../core/config/schema.js'
import { id, listOf, page, role, time, version } from '../http/schema.js'

const password = secret(
  '12 characters (security.password_min_length) to 72 bytes; not the user name, and none that is tried first.',
)

export const loginBody = z.strictObject({ username: z.string().min(1).max(100), password: secret('The password.') })
export const loginAnswer = z
  .object({ token: z.string(), expiresAt: time, username: z.string(), role })
  .meta({ id: 'Login' })

/** Providers add more. */
export const oidcQuery = z.looseObject({
  code: secret('Of the provider, for one use.').optional(),
  state: secret('As it was sent to the provider.').optional(),
  error: z.string().max(200).optional(),
})

export const userParams = z.strictObject({ userId: id })
export const user = z
  .object({
    userId: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    displayName: z.string().nullable(),
    role,
    status: z
      .enum(['ACTIVE', 'INACTIVE', 'LOCKED'])
      .describe('LOCKED: after failed log-ins, for security.lock_minutes; tokens go on.'),
    authType: z.enum(['PASSWORD', 'OIDC']),
    lastLoginAt: time.nullable(),
    lastLoginAddress: z.string().nullable(),
    version: z.number().int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'User' })
export const userList = listOf(user)
export const userQuery = z.strictObject({ ...page, username: z.string().max(100).optional(), role: role.optional() })
export const newUser = z.strictObject({
  username: z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, 'letters, digits and . _ @ - only'),
  password,
  role: role.default('USER'),
  email: z.email().max(200).optional(),
  displayName: z.string().max(128).optional(),
})
export const changedUser = z.strictObject({
  version: version.optional(),
  role: role.optional(),
  status: z.enum(['ACTIVE', 'INACTIVE']).optional(),
  email: z.email().max(200).nullable().optional(),
  displayName: z.string().max(128).nullable().optional(),
  password: password.optional(),
})

export const passwordBody = z.strictObject({ currentPassword: secret('The present password.'), newPassword: password })

export const tokenParams = z.strictObject({ tokenId: id })
export const token = z
  .object({
    tokenId: z.string(),
    userId: z.string(),
    name: z.string(),
    type: z.enum(['SESSION', 'API']),
    role: role.nullable().describe('A smaller role than its user has; null: the same.'),
    expiresAt: time.nullable().describe('null: never.'),
    lastUsedAt: time.nullable().describe('To the minute.'),
    address: z.string().nullable().describe('Where it was asked for.'),
    userAgent: z.string().nullable(),
    createdAt: time,
  })
  .meta({ id: 'Token' })
export const tokenList = listOf(token)
export const tokenQuery = z.strictObject({
  ...page,
  type: z.enum(['SESSION', 'API']).optional().describe('SESSION: log-ins.'),
  userId: z.string().max(64).optional().describe('Of this user, or `all`; ADMIN only. Without it, your own.'),
})
export const newToken = z.strictObject({
  name: z.string().min(1).max(100),
  role: role.optional(),
  expiresInDays: z
    .number()
    .int()
    .min(1)
    .max(366)
    .nullable()
    .default(90)
    .describe('null: until it is revoked. One that is made with an API token ends with that at the latest.'),
})
export const createdToken = token.extend({ token: z.string().describe('Shown once.') }).meta({ id: 'CreatedToken' })
