/** Executions: starting, watching, and changing one that runs. */
import { type Add, collect } from './add.js'

export function addExecutions(add: Add): void {
  const executions = () => import('../command/executions.js')
  add(
    'start <name>',
    'Starts an execution of a job.',
    'etl start delayed-flights --param day=2001-02-03 --watch',
    async () => (await import('../command/jobs.js')).start,
  )
    .option('--param <name=value>', 'value of a parameter, may be repeated', collect)
    .option('--priority <number>', 'other than that of the job; larger first')
    .option('--watch', 'follow it to its end')
  add(
    'emit <type>',
    'Posts an event: starts the jobs whose EVENT schedule waits for it.',
    'etl emit file.arrived --id 2001-02-03 --payload \'{"path": "in/flights.csv"}\'',
    async () => (await import('../command/emit.js')).emit,
  )
    .option('--id <id>', 'the same id counts once; without it, a new one')
    .option('--time <time>', 'when it happened; without it, now')
    .option('--payload <json>', 'what conditions look at and parameters are filled from')
  add(
    'executions',
    'Lists executions, newest first.',
    'etl executions --job delayed-flights',
    async () => (await executions()).executions,
  )
    .option('--job <name>', 'only of this job')
    .option('--status <status>', 'only of this status')
    .option('--limit <count>', 'how many at most', '20')
  add('show <execution>', 'Shows an execution.', 'etl show 6f1c… --json', async () => (await executions()).show).option(
    '--watch',
    'follow it to its end',
  )
  add(
    'events <execution>',
    'Its timeline: checkpoints, restarts with their reasons.',
    'etl events 6f1c…',
    async () => (await executions()).events,
  )
  add(
    'cancel [execution]',
    'Cancels an execution, or all that have not ended.',
    'etl cancel --all --job delayed-flights --dry-run',
    async () => (await import('../command/cancel.js')).cancel,
  )
    .option('--watch', 'wait until it has ended')
    .option('--all', 'all that have not ended')
    .option('--job <name>', 'with --all: only of this job')
    .option('--status <status>', 'with --all: only those that are so, such as WAITING')
    .option('--dry-run', 'with --all: only say which they are')
}

export function addUpdates(add: Add): void {
  const executions = () => import('../command/executions.js')
  const updates = () => import('../command/updates.js')
  add(
    'pause <execution>',
    'Pauses an execution once the epoch that runs is complete.',
    'etl pause 6f1c…',
    async () => (await updates()).pause,
  )
  add('resume <execution>', 'Lets a paused execution go on.', 'etl resume 6f1c…', async () => (await updates()).resume)
  add(
    'savepoint <execution>',
    'Keeps what the newest epoch has left, for good.',
    'etl savepoint 6f1c… --stop',
    async () => (await updates()).savepoint,
  )
    .option('--stop', 'the execution ends after it; a restart goes on from there')
    .option('--drain', 'and its sources end first, so that everything open fires; it cannot be continued')
    .option('--now', 'without waiting for the epoch that runs: it is given up, unless a sink shows it already')
  add(
    'restart <execution>',
    'A new execution from its latest checkpoint, with the newest version of the job.',
    'etl restart 6f1c… --watch',
    async () => (await executions()).restart,
  )
    .option('--allow-non-restored-state', 'leave state behind that no operator takes')
    .option('--watch', 'follow it to its end')
  add(
    'fork',
    'A new lineage from a retained checkpoint or savepoint; what came after it is written again.',
    'etl fork --checkpoint 9a2b…',
    async () => (await executions()).fork,
  )
    .requiredOption('--checkpoint <id>', 'where it starts')
    .option('--param <name=value>', 'another value of a parameter, may be repeated', collect)
    .option('--allow-non-restored-state', 'leave state behind that no operator takes')
    .option('--watch', 'follow it to its end')
}
