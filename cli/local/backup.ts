/** `etl backup`, `etl backup verify` and `etl restore`: on the machine that reaches catalogue and store; no server is needed. */
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { backUp } from '../../activities/backup/back-up.js'
import { openPlace } from '../../activities/backup/place.js'
import { restoreBackup, verifyBackup } from '../../activities/backup/restore.js'
import { JobError } from '../../core/errors/job-error.js'
import type { BackupManifest } from '../../core/maintenance/backup-manifest.js'
import { openDatabase } from '../../models/database.js'
import { secretKeyProblem } from '../../models/encryption.js'
import { operationLogStore, ownOperation } from '../../models/stores/operation-log-store.js'
import { readEnvironment } from '../../process/environment.js'
import { openStore } from '../../storage/open-store.js'
import type { Context } from '../command.js'

interface Options {
  readonly to?: string
  readonly encrypt?: boolean
  readonly history?: boolean
  readonly force?: boolean
  readonly withoutKeys?: boolean
}

export async function backupCommand({ output, variables }: Context, options: Options): Promise<void> {
  const { mysqlUrl, storageUrl, home, secretKey } = readEnvironment(variables)
  const to = options.to ?? join(home, 'backups')
  const manifest = await backUp({
    mysqlUrl,
    store: openStore(storageUrl),
    scratch: join(home, 'scratch'),
    target: openPlace(to),
    keys: options.encrypt === true ? (ownKey(variables) ?? secretKey) : null,
    history: options.history === true,
    now: Date.now,
    signal: new AbortController().signal,
  })
  const [path = '', query] = to.split('?')
  const where = `${path.replace(/\/+$/, '')}/${manifest.name}${query === undefined ? '' : `?${query}`}`
  output.result({ backup: where, ...summaryOf(manifest) }, () => `${where}\n${sentence(manifest)}`)
}

export async function verifyCommand({ output, variables }: Context, from: string): Promise<void> {
  const { home } = readEnvironment(variables)
  const manifest = await verifyBackup({ from, keys: keysOf(variables), scratch: join(home, 'scratch') })
  output.result({ backup: from, ...summaryOf(manifest) }, () => `Whole: ${sentence(manifest)}`)
}

export async function restoreCommand({ output, variables }: Context, from: string, options: Options): Promise<void> {
  const { mysqlUrl, storageUrl, home, secretKey } = readEnvironment(variables)
  const startedAt = new Date()
  const manifest = await restoreBackup({
    mysqlUrl,
    store: openStore(storageUrl),
    scratch: join(home, 'scratch'),
    from,
    keys: keysOf(variables),
    secretKey,
    force: options.force === true,
    withoutKeys: options.withoutKeys === true,
    log: (line) => output.note(line),
  })
  await auditRestore(mysqlUrl, secretKey, { backup: manifest.name, force: options.force === true }, startedAt)
  output.result(
    { backup: from, ...summaryOf(manifest) },
    () =>
      `Restored ${sentence(manifest)}\nStart API and worker: executions that were at work end as FAILED, and etl restart goes on from their latest checkpoints.`,
  )
}

/** By who runs the command, as the system knows them; what the audit was before is in the backup, or gone. */
async function auditRestore(
  mysqlUrl: string,
  secretKey: string,
  requestParams: object,
  startedAt: Date,
): Promise<void> {
  const database = await openDatabase(mysqlUrl)
  try {
    const restored = ownOperation({
      username: `os:${userInfo().username}`,
      operationType: 'RESTORE',
      resourceType: 'CATALOGUE',
      resourceId: null,
      requestParams: { ...requestParams },
      succeeded: true,
      errorMessage: null,
      durationMs: Date.now() - startedAt.getTime(),
      startedAt,
    })
    await operationLogStore(database, secretKey).append(restored)
  } finally {
    await database.close()
  }
}

/** A key of their own; never on the command line, where others see it. */
function ownKey(variables: NodeJS.ProcessEnv): string | null {
  const key = variables.ETL_BACKUP_KEY?.trim() || null
  const problem = key === null ? null : secretKeyProblem(key)
  if (problem !== null) throw new JobError('environment.invalid', `ETL_BACKUP_KEY ${problem}`)
  return key
}

function keysOf(variables: NodeJS.ProcessEnv): readonly string[] {
  const own = ownKey(variables)
  return [...(own === null ? [] : [own]), readEnvironment(variables).secretKey]
}

function summaryOf({ createdAt, tables, files, encryption, history, migrations }: BackupManifest) {
  const rows = Object.fromEntries(tables.map(({ table, rows: count }) => [table, count]))
  return { createdAt, encrypted: encryption !== null, history, schema: migrations.at(-1), rows, files: files.length }
}

function sentence({ createdAt, tables, files, encryption }: BackupManifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const bytes = [...tables, ...files].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const how = encryption === null ? 'not encrypted' : `encrypted with key ${encryption.keyId}`
  return `${rows} rows and ${files.length} files of ${createdAt}, ${(bytes / 1024 ** 2).toFixed(1)} MiB, ${how}`
}
