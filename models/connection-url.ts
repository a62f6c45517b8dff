/** How the catalogue is connected to: one set of options for migrations and for the pool. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions, SslOptions } from 'mysql2'
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
  /** `?ssl=true`; null: in the clear. */
  readonly ssl: TargetTls | null
}

/** Files in PEM, as `ssl-ca`, `ssl-cert` and `ssl-key` name them. */
export interface TargetTls {
  /** null: the authorities that Node trusts. */
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
  /** `ssl-verify=false`: encrypted, to whoever answers. */
  readonly verify: boolean
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
    ssl: tlsOf(parsed.searchParams),
  }
}

/** 64-bit integers come as text: a number would lose digits without a word. */
export function connectionOptions(target: Target): ConnectionOptions {
  return {
    ...(target.socketPath === null ? { host: target.host, port: target.port } : { socketPath: target.socketPath }),
    user: target.user,
    password: target.password,
    ...(target.ssl === null ? {} : { ssl: sslOptions(target.ssl) }),
    charset: 'utf8mb4_unicode_ci',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: 5_000,
  }
}

function tlsOf(parameters: URLSearchParams): TargetTls | null {
  if (!['true', '1', 'required'].includes(parameters.get('ssl') ?? '')) return null
  return {
    ca: parameters.get('ssl-ca'),
    cert: parameters.get('ssl-cert'),
    key: parameters.get('ssl-key'),
    verify: parameters.get('ssl-verify') !== 'false',
  }
}

/** The name in the certificate counts too: one of the same authority for another host is refused, and so is one of an address. */
function sslOptions({ ca, cert, key, verify }: TargetTls): SslOptions {
  return {
    ...(ca === null ? {} : { ca: readFileSync(ca, 'utf8') }),
    ...(cert === null ? {} : { cert: readFileSync(cert, 'utf8') }),
    ...(key === null ? {} : { key: readFileSync(key, 'utf8') }),
    rejectUnauthorized: verify,
    verifyIdentity: verify,
    minVersion: 'TLSv1.2',
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
