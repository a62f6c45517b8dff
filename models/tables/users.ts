/** Users, tokens and the operation log. */
import { count, int, json, optional, type Row, rowId, text, time } from '../columns.js'

export type Role = 'ADMIN' | 'DEVELOPER' | 'USER'

export const userColumns = {
  id: rowId(),
  userId: text(),
  username: text(),
  displayName: optional(text()),
  email: optional(text()),
  phone: optional(text()),
  passwordHash: optional(text()),
  authType: text<'PASSWORD' | 'OIDC'>(),
  externalId: optional(text()),
  role: text<Role>(),
  status: text<'ACTIVE' | 'INACTIVE' | 'LOCKED'>(),
  failedLoginCount: int(),
  lockedUntil: optional(time()),
  lastLoginTime: optional(time()),
  lastLoginIp: optional(text()),
  passwordChangeTime: optional(time()),
  createdBy: optional(text()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type UserRow = Row<typeof userColumns>

export const apiTokenColumns = {
  id: rowId(),
  tokenId: text(),
  userId: text(),
  tokenName: optional(text()),
  tokenType: text<'SESSION' | 'API'>(),
  tokenHash: text(),
  role: optional(text<Role>()),
  expireTime: optional(time()),
  lastUsedTime: optional(time()),
  createIp: optional(text()),
  userAgent: optional(text()),
  revokedTime: optional(time()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type ApiTokenRow = Row<typeof apiTokenColumns>

export const operationLogColumns = {
  id: rowId(),
  logId: text(),
  userId: optional(text()),
  username: optional(text()),
  operationType: text(),
  resourceType: optional(text()),
  resourceId: optional(text()),
  requestId: optional(text()),
  requestMethod: optional(text()),
  requestPath: optional(text()),
  requestParams: optional(json<Readonly<Record<string, unknown>>>()),
  responseStatus: optional(int()),
  operationStatus: text<'SUCCESS' | 'FAILED'>(),
  errorMessage: optional(text()),
  ipAddress: optional(text()),
  userAgent: optional(text()),
  durationMs: optional(count()),
  chainSequence: optional(text()),
  startTime: optional(time()),
  operationTime: time(),
  previousHash: optional(text()),
  entryHash: optional(text()),
  createTime: time(),
}

export type OperationLogRow = Row<typeof operationLogColumns>
