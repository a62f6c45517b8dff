/** Definitions, and jobs by name. */
import { type Add, collect } from './add.js'

export function addDefinitions(add: Add): void {
  add(
    'apply <paths...>',
    'Makes the server equal to definition files.',
    'etl apply definitions/ --dry-run',
    async () => (await import('../command/apply.js')).apply,
  )
    .option('--dry-run', 'only say what would change')
    .option('--prune', 'remove what no file names')
    .option('--keep-state', 'a running STREAMING job is stopped with a savepoint, and goes on with its new version')
    .option('--allow-non-restored-state', 'with --keep-state: leave state behind that no operator takes')
  add(
    'export [names...]',
    'Writes definitions as files.',
    'etl export --output definitions/',
    async () => (await import('../command/export.js')).exportDefinitions,
  ).option('--output <folder>', 'a file each; without it, all on standard output')
  add(
    'submit <file>',
    'Saves a job and starts an execution.',
    'etl submit job.yaml --watch',
    async () => (await import('../command/submit.js')).submit,
  )
    .option('--watch', 'follow it to its end')
    .option('--no-start', 'only save the job')
    .option('--param <name=value>', 'value of a parameter, may be repeated', collect)
  add('jobs', 'Lists jobs.', 'etl jobs --status RUNNING', async () => (await import('../command/jobs.js')).jobs)
    .option('--status <status>', 'only jobs of this status')
    .option('--limit <count>', 'how many at most', '100')
  add(
    'delete <name>',
    'Deletes a job; its executions stay.',
    'etl delete delayed-flights',
    async () => (await import('../command/jobs.js')).remove,
  )
}
