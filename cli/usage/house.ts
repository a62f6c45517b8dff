/** The house: log-in, schema, processes, maintenance, backup. */
import type { Add } from './add.js'

export function addHouse(add: Add): void {
  add(
    'login',
    'Logs in, and keeps the token.',
    'etl login --username admin',
    async () => (await import('../command/login.js')).login,
  )
    .option('--username <name>', 'who you are')
    .option('--password-stdin', 'read the password from standard input')
  add('logout', 'Ends the log-in.', 'etl logout', async () => (await import('../command/login.js')).logout)
  add(
    'migrate',
    'Brings the catalogue database to this version.',
    'etl migrate --print > database-schema.sql',
    async () => (await import('../local/migrate.js')).migrateCommand,
  ).option('--print', 'only print the SQL')
  add('worker', 'Runs a worker.', 'etl worker', async () => (await import('../command/serve.js')).worker)
  add('api', 'Runs the API.', 'etl api', async () => (await import('../command/serve.js')).api)
}

export function addMaintenance(add: Add): void {
  const commands = () => import('../command/maintenance.js')
  const group = add(
    'maintenance',
    'Partitions, retention, files, reconciliation, backup (ADMIN).',
    'etl maintenance run --dry-run',
    async () => (await commands()).maintenanceRuns,
  ).option('--limit <count>', 'how many at most', '20')
  add(
    'run',
    'Keeps the house at once, and shows what was done.',
    'etl maintenance run --only partitions,retention --dry-run',
    async () => (await commands()).runMaintenance,
    group,
  )
    .option('--only <tasks>', 'partitions, retention, files, optimize, reconcile, watch, backup')
    .option('--dry-run', 'only say what would be done')
  add(
    'runs',
    'Lists runs, newest first.',
    'etl maintenance runs',
    async () => (await commands()).maintenanceRuns,
    group,
  ).option('--limit <count>', 'how many at most', '20')
  add(
    'show <run>',
    'One run: what each task did.',
    'etl maintenance show 6f1c…',
    async () => (await commands()).showMaintenanceRun,
    group,
  )
}

export function addBackup(add: Add): void {
  const commands = () => import('../local/backup.js')
  const backup = add(
    'backup',
    'Writes definitions, settings and state to a folder or a bucket.',
    'etl backup --to /mnt/backups --encrypt',
    async () => (await commands()).backupCommand,
  )
    .option('--to <place>', 'a folder, or s3://bucket/prefix; without it, ETL_HOME/backups')
    .option('--encrypt', 'with ETL_BACKUP_KEY, or ETL_SECRET_KEY where that is not set')
    .option('--history', 'timelines, metrics, alerts and audit too')
  add(
    'verify <backup>',
    'Reads all of a backup: is it whole, and does a key that is here open it?',
    'etl backup verify /mnt/backups/etl-backup-1f2e3d4c-20261128T031500000Z',
    async () => (await commands()).verifyCommand,
    backup,
  )
  add(
    'restore <backup>',
    'Restores a backup into an empty database and store.',
    'etl restore /mnt/backups/etl-backup-1f2e3d4c-20261128T031500000Z',
    async () => (await commands()).restoreCommand,
  )
    .option('--force', 'replace all that the catalogue holds')
    .option('--without-keys', 'though ETL_SECRET_KEY does not open all secrets: those have to be set anew')
}
