/** How the catalogue is connected to: one set of options for migrations and for the pool. */
import type { ConnectionOptions } from 'mysql2'
import { JobError } from '../core/errors/job-error.js'

export const DEFAULT_DATABASE = 'etl_framework'

export interface Target {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** `?socket=/path` */
  readonly socketPath: string | null
  /** `?ssl=true` */
  readonly ssl: boolean
}

export function parseTarget(url: string): Target {
  const parsed = readUrl(url)
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(parsed.port || 3306),
    user: decodeURIComponent(parsed.username) || 'root',
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)) || DEFAULT_DATABASE,
    socketPath: parsed.searchParams.get('socket'),
    ssl: ['true', '1', 'required'].includes(parsed.searchParams.get('ssl') ?? ''),
  }
}

/** 64-bit integers come as text: a number would lose digits without a word. */
export function connectionOptions(target: Target): ConnectionOptions {
  return {
    ...(target.socketPath === null ? { host: target.host, port: target.port } : { socketPath: target.socketPath }),
    user: target.user,
    password: target.password,
    ...(target.ssl ? { ssl: {} } : {}),
    charset: 'utf8mb4_unicode_ci',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: 5_000,
  }
}

function readUrl(url: string): URL {
  try {
    const parsed = new URL(url)
    if (parsed.protocol === 'mysql:' || parsed.protocol === 'mariadb:') return parsed
  } catch {
    // Said below, without the URL: it may hold a password.
  }
  throw new JobError(
    'environment.invalid',
    'ETL_MYSQL_URL is not a URL like mysql://user:password@host:3306/etl_framework.',
  )
}
