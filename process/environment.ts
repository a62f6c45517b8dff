/** The environment of a server process: every variable that it reads, checked at its start. */
import { availableParallelism } from 'node:os'
import { delimiter, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { JobError } from '../core/errors/job-error.js'
import { secretKeyProblem } from '../models/encryption.js'
import { type ApiEnvironment, readApi } from './api-environment.js'
import { withTls } from './mysql-environment.js'
import { type OidcSettings, readOidc } from './oidc-environment.js'
import { readTelemetry, type TelemetryEnvironment } from './telemetry-environment.js'
import { readTemporal, type TemporalEnvironment } from './temporal-environment.js'
import { duration, hosts, port, reader, type Variables, whole } from './variables.js'

/** The settings of a server process (SURFACES section 1), parsed and checked. */
export interface Environment {
  readonly home: string
  /** With what protects the way there, as its parameters. */
  readonly mysqlUrl: string
  readonly temporal: TemporalEnvironment
  readonly api: ApiEnvironment
  readonly storageUrl: string
  readonly secretKey: string
  readonly workerSlots: number
  /** How long steps of a worker may go on after SIGTERM before they are given back. */
  readonly workerDrainMs: number
  /** Where a worker shows its metrics; port null: it does not. */
  readonly workerMetrics: { readonly host: string; readonly port: number | null }
  /** null: no collector is told. */
  readonly telemetry: TelemetryEnvironment | null
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

/** One error names every bad variable. */
export function readEnvironment(variables: Variables): Environment {
  const problems: string[] = []
  const read = reader(variables, problems)
  const home = resolve(read('ETL_HOME', String, () => '.etl'))
  const key = required(problems, variables, 'ETL_SECRET_KEY', secretKey)
  const environment: Environment = {
    home,
    mysqlUrl: withTls(required(problems, variables, 'ETL_MYSQL_URL', mysqlUrl), read, problems),
    temporal: readTemporal(read, problems, key, secretKey),
    api: readApi(read),
    storageUrl: read('ETL_STORAGE_URL', storageUrl, () => pathToFileURL(resolve(home, 'storage')).href),
    secretKey: key,
    workerSlots: read('ETL_WORKER_SLOTS', whole(1, 1024), availableParallelism),
    workerDrainMs: read('ETL_WORKER_DRAIN_TIMEOUT', duration, () => 500),
    workerMetrics: {
      host: read('ETL_WORKER_METRICS_HOST', String, () => '127.0.0.1'),
      port: read<number | null>('ETL_WORKER_METRICS_PORT', port, () => null),
    },
    telemetry: readTelemetry(read),
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
  const url = withTls(required(problems, variables, 'ETL_MYSQL_URL', mysqlUrl), reader(variables, problems), problems)
  if (problems.length > 0) throw new JobError('environment.invalid', problems.join('; '))
  return url
}

function required(problems: string[], variables: Variables, name: string, parse: (text: string) => string): string {
  try {
    return parse(variables[name]?.trim() ?? '')
  } catch (error) {
    problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`)
    return ''
  }
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

function storageUrl(text: string): string {
  if (!/^(file|s3|webhdfs):\/\//.test(text)) throw new Error('must begin with file:///, s3:// or webhdfs://')
  return text
}

function logLevel(text: string): LogLevel {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
  if (!levels.includes(text)) throw new Error(`must be one of ${levels.join(', ')}`)
  return text as LogLevel
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
