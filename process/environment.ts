/** The environment of a server process: every variable that it reads, checked at its start. */
import { availableParallelism } from 'node:os'
import { delimiter, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { JobError } from '../core/errors/job-error.js'
import { parseDuration } from '../core/spec/duration.js'
import { secretKeyProblem } from '../models/encryption.js'
import { type OidcSettings, readOidc } from './oidc-environment.js'

/** The settings of a server process (SURFACES section 1), parsed and checked. */
export interface Environment {
  readonly home: string
  readonly mysqlUrl: string
  readonly temporal: { readonly address: string; readonly namespace: string }
  readonly api: { readonly host: string; readonly port: number }
  readonly storageUrl: string
  readonly secretKey: string
  readonly workerSlots: number
  /** Where a worker shows its metrics; port null: it does not. */
  readonly workerMetrics: { readonly host: string; readonly port: number | null }
  readonly heartbeatTimeoutMs: number
  readonly logLevel: LogLevel
  /** Of the first user `admin`, used once. */
  readonly adminPassword: string | null
  readonly functionPath: string | null
  readonly connectorPath: string | null
  readonly allowPrivateHosts: readonly string[]
  readonly fileRoots: readonly string[]
  readonly oidc: OidcSettings | null
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
type Variables = Readonly<Record<string, string | undefined>>

/** One error names every bad variable. */
export function readEnvironment(variables: Variables): Environment {
  const problems: string[] = []
  const read = <T>(name: string, parse: (text: string) => T, fallback: () => T): T => {
    const text = variables[name]?.trim()
    if (text === undefined || text === '') return attempt(problems, name, fallback, fallback)
    return attempt(problems, name, () => parse(text), fallback)
  }
  const home = resolve(read('ETL_HOME', String, () => '.etl'))
  const environment: Environment = {
    home,
    mysqlUrl: required(problems, variables, 'ETL_MYSQL_URL', mysqlUrl),
    temporal: {
      address: read('ETL_TEMPORAL_ADDRESS', address, () => '127.0.0.1:7233'),
      namespace: read('ETL_TEMPORAL_NAMESPACE', String, () => 'default'),
    },
    api: { host: read('ETL_API_HOST', String, () => '127.0.0.1'), port: read('ETL_API_PORT', port, () => 8080) },
    storageUrl: read('ETL_STORAGE_URL', storageUrl, () => pathToFileURL(resolve(home, 'storage')).href),
    secretKey: required(problems, variables, 'ETL_SECRET_KEY', secretKey),
    workerSlots: read('ETL_WORKER_SLOTS', slots, availableParallelism),
    workerMetrics: {
      host: read('ETL_WORKER_METRICS_HOST', String, () => '127.0.0.1'),
      port: read<number | null>('ETL_WORKER_METRICS_PORT', port, () => null),
    },
    heartbeatTimeoutMs: read('ETL_HEARTBEAT_TIMEOUT', duration, () => 10_000),
    logLevel: read('ETL_LOG_LEVEL', logLevel, () => 'info'),
    adminPassword: variables.ETL_ADMIN_PASSWORD?.trim() || null,
    functionPath: read<string | null>(
      'ETL_FUNCTION_PATH',
      (path) => resolve(path),
      () => null,
    ),
    connectorPath: read<string | null>(
      'ETL_CONNECTOR_PATH',
      (path) => resolve(path),
      () => null,
    ),
    allowPrivateHosts: read('ETL_ALLOW_PRIVATE_HOSTS', hosts, () => []),
    fileRoots: read('ETL_FILE_ROOTS', folders, () => [resolve('examples'), resolve(home, 'files')]),
    oidc: readOidc(variables, problems),
  }
  if (problems.length > 0) throw new JobError('environment.invalid', problems.join('; '))
  return environment
}

/** `migrate` needs nothing but the database. */
export function readMysqlUrl(variables: Variables): string {
  const problems: string[] = []
  const url = required(problems, variables, 'ETL_MYSQL_URL', mysqlUrl)
  if (problems.length > 0) throw new JobError('environment.invalid', problems.join('; '))
  return url
}

function attempt<T>(problems: string[], name: string, parse: () => T, fallback: () => T): T {
  try {
    return parse()
  } catch (error) {
    problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`)
    return fallback()
  }
}

function required(problems: string[], variables: Variables, name: string, parse: (text: string) => string): string {
  const text = variables[name]?.trim()
  return attempt(
    problems,
    name,
    () => parse(text ?? ''),
    () => '',
  )
}

function mysqlUrl(text: string): string {
  if (text === '') throw new Error('is not set; it looks like mysql://user:password@host:3306/database')
  if (!URL.canParse(text) || !/^(mysql|mariadb):$/.test(new URL(text).protocol)) {
    throw new Error('must look like mysql://user:password@host:3306/database')
  }
  return text
}

function secretKey(text: string): string {
  const problem = secretKeyProblem(text)
  if (problem !== null) throw new Error(problem)
  return text
}

function address(text: string): string {
  if (!/^[^\s/:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/.test(text)) throw new Error('must look like host:port')
  return text
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new Error('must be a port number, 0 to 65535')
  return value
}

function slots(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 1024) throw new Error('must be a number from 1 to 1024')
  return value
}

function storageUrl(text: string): string {
  if (!/^(file|s3|webhdfs):\/\//.test(text)) throw new Error('must begin with file:///, s3:// or webhdfs://')
  return text
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null || ms <= 0) throw new Error('must be a duration such as 500ms, 10s or 2m')
  return ms
}

function logLevel(text: string): LogLevel {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
  if (!levels.includes(text)) throw new Error(`must be one of ${levels.join(', ')}`)
  return text as LogLevel
}

function hosts(text: string): readonly string[] {
  const all = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  if (all.every((item) => /^[\w.:[\]-]+(\/\d{1,3})?$/.test(item))) return all
  throw new Error('must name hosts, addresses and ranges, with commas between them: files.example, 10.0.0.0/8')
}

/** Those of buckets (`s3://bucket/folder`) behind those of disks: relative paths start from the first. */
function folders(text: string): readonly string[] {
  const paths = text
    .split(new RegExp(`[,${delimiter}](?!//)`))
    .map((path) => path.trim())
    .filter((path) => path !== '')
  const inBuckets = paths.filter((path) => path.startsWith('s3://'))
  return [...paths.filter((path) => !inBuckets.includes(path)).map((path) => resolve(path)), ...inBuckets]
}
