/** The `etl` command: what there is, and which file does it. Each command is loaded when it is called, so that starting is fast. */
import { CommanderError, Command as Program } from 'commander'
import { JobError } from '../core/errors/job-error.js'
import type { Command, Context } from './command.js'
import { reportFailure } from './failure.js'
import { openOutput } from './output.js'

// Whoever reads the output may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await main(process.argv)

export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const done = (code: number) => {
    exitCode = code
  }
  const program = describeProgram(done)
  try {
    await program.parseAsync([...argv])
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(error, argv.includes('--json'))
    return reportFailure(error, openOutput(argv.includes('--json')))
  }
}

type Load = () => Promise<Command>

function describeProgram(done: (code: number) => void): Program {
  const program = new Program('etl')
    .description(
      'Durable, vectorised ETL. Commands without a server: run, validate, explain, schema, schedules next, init.',
    )
    .option('--json', 'one JSON object on standard output, nothing else')
    .showSuggestionAfterError()
    .showHelpAfterError('(etl --help lists the commands)')
    .exitOverride()
  const add = (usage: string, summary: string, example: string, load: Load, parent: Program = program) =>
    parent
      .command(usage)
      .description(summary)
      .addHelpText('after', `\nExample:\n  $ ${example}`)
      .option('--json', 'one JSON object on standard output, nothing else')
      .action(async (...given: unknown[]) => done(await perform(load, given)))
  addLocal(add)
  addDefinitions(add)
  addConnections(add)
  addParts(add)
  addExecutions(add)
  addSchedules(add)
  addDeadLetters(add)
  addAlerts(add)
  addHouse(add)
  return program
}

type Add = (usage: string, summary: string, example: string, load: Load, parent?: Program) => Program

function addLocal(add: Add): void {
  const connections = ['--connections <file>', 'file of connection documents'] as const
  add(
    'run <file>',
    'Runs a job on this machine, without a server.',
    'etl run job.yaml --param day=2001-02-03',
    async () => {
      const { runCommand } = await import('./local/run.js')
      return ({ output }: Context, file: string, options: object) => runCommand(file, { ...options, json: output.json })
    },
  )
    .option('--param <name=value>', 'value of a parameter, may be repeated', collect)
    .option(...connections)
    .option('--state <folder>', 'keep the state there; an unfinished execution goes on')
    .option('--fresh', 'start anew in a folder that holds state')
    .option('--until-idle <time>', 'end a STREAMING job once no source has had input for so long')
  add(
    'validate <file>',
    'Checks a job: shape, meaning, types.',
    'etl validate job.yaml',
    async () => (await import('./local/validate.js')).validateCommand,
  ).option(...connections)
  add(
    'explain <file>',
    'Shows what would run: nodes, chains, and why others are not chained.',
    'etl explain job.yaml --mermaid',
    async () => (await import('./local/explain.js')).explainCommand,
  )
    .option('--dot', 'as Graphviz')
    .option('--mermaid', 'as Mermaid')
    .option('--failures <times>', 'what the restart strategy would decide at each: 0ms,1200ms,3s')
    .option(...connections)
  add(
    'schema <name>',
    'JSON Schema of a definition, for editors.',
    'etl schema job > job.schema.json',
    async () => (await import('./local/schema.js')).schemaCommand,
  )
  add(
    'init [file]',
    'Writes a first job.',
    'etl init job.yaml --template csv-to-parquet',
    async () => (await import('./command/init.js')).init,
  )
    .option('--template <name>', 'csv-to-parquet or csv-to-mysql; without it, a few questions')
    .option('--name <name>', 'name of the job')
    .option('--force', 'replace the file')
}

function addDefinitions(add: Add): void {
  add(
    'apply <paths...>',
    'Makes the server equal to definition files.',
    'etl apply definitions/ --dry-run',
    async () => (await import('./command/apply.js')).apply,
  )
    .option('--dry-run', 'only say what would change')
    .option('--prune', 'remove what no file names')
    .option('--keep-state', 'a running STREAMING job is stopped with a savepoint, and goes on with its new version')
    .option('--allow-non-restored-state', 'with --keep-state: leave state behind that no operator takes')
  add(
    'export [names...]',
    'Writes definitions as files.',
    'etl export --output definitions/',
    async () => (await import('./command/export.js')).exportDefinitions,
  ).option('--output <folder>', 'a file each; without it, all on standard output')
  add(
    'submit <file>',
    'Saves a job and starts an execution.',
    'etl submit job.yaml --watch',
    async () => (await import('./command/submit.js')).submit,
  )
    .option('--watch', 'follow it to its end')
    .option('--no-start', 'only save the job')
    .option('--param <name=value>', 'value of a parameter, may be repeated', collect)
  add('jobs', 'Lists jobs.', 'etl jobs --status RUNNING', async () => (await import('./command/jobs.js')).jobs)
    .option('--status <status>', 'only jobs of this status')
    .option('--limit <count>', 'how many at most', '100')
  add(
    'delete <name>',
    'Deletes a job; its executions stay.',
    'etl delete delayed-flights',
    async () => (await import('./command/jobs.js')).remove,
  )
}

function addConnections(add: Add): void {
  const connections = () => import('./command/connections.js')
  const shared = add(
    'connections',
    'Lists connections; they are tested, discovered, deleted.',
    'etl connections test demo-mysql',
    async () => (await connections()).connections,
  )
  add('list', 'Lists connections.', 'etl connections list', async () => (await connections()).connections, shared)
  add(
    'test <name>',
    'Can it be reached?',
    'etl connections test demo-mysql',
    async () => (await connections()).testConnection,
    shared,
  )
  add(
    'discover <name>',
    'What can be read and written through it.',
    'etl connections discover demo-mysql',
    async () => (await connections()).discover,
    shared,
  )
  add(
    'usage <name>',
    'Which jobs name it.',
    'etl connections usage demo-mysql',
    async () => (await connections()).connectionUsage,
    shared,
  )
  add(
    'delete <name>',
    'Removes one that no job names.',
    'etl connections delete demo-mysql',
    async () => (await connections()).deleteConnection,
    shared,
  )
}

function addParts(add: Add): void {
  const parts = () => import('./command/connectors.js')
  const connectors = add(
    'connectors',
    'Lists connectors.',
    'etl connectors show jdbc',
    async () => (await parts()).connectors,
  )
  add('list', 'Lists connectors.', 'etl connectors list', async () => (await parts()).connectors, connectors)
  add(
    'show <name>',
    'One connector and its settings.',
    'etl connectors show file',
    async () => (await parts()).showConnector,
    connectors,
  )
  add(
    'register <class>',
    'Registers a custom one, `module#export`, after it was tried in a process of its own (ADMIN).',
    'etl connectors register crm.mjs#crm',
    async () => (await parts()).registerConnector,
    connectors,
  ).option('--disabled', 'try it, and let no job name it yet')
  add(
    'enable <name>',
    'Tries a custom one again, in its version of now, and lets jobs name it (ADMIN).',
    'etl connectors enable crm',
    async () => (await parts()).enableConnector,
    connectors,
  ).option('--class <class>', 'another module#export')
  add(
    'disable <name>',
    'No job may name it, and those that do fail (ADMIN).',
    'etl connectors disable crm',
    async () => (await parts()).disableConnector,
    connectors,
  )
  add(
    'delete <name>',
    'Removes a custom one that nobody names (ADMIN).',
    'etl connectors delete crm',
    async () => (await parts()).deleteConnector,
    connectors,
  )
  const operators = add(
    'operators',
    'Lists operators.',
    'etl operators show JOIN',
    async () => (await parts()).operators,
  )
  add('list', 'Lists operators.', 'etl operators list', async () => (await parts()).operators, operators)
  add(
    'show <type>',
    'One operator and its settings.',
    'etl operators show FILTER',
    async () => (await parts()).showOperator,
    operators,
  )
}

function addExecutions(add: Add): void {
  const executions = () => import('./command/executions.js')
  add(
    'start <name>',
    'Starts an execution of a job.',
    'etl start delayed-flights --param day=2001-02-03 --watch',
    async () => (await import('./command/jobs.js')).start,
  )
    .option('--param <name=value>', 'value of a parameter, may be repeated', collect)
    .option('--priority <number>', 'other than that of the job; larger first')
    .option('--watch', 'follow it to its end')
  add(
    'emit <type>',
    'Posts an event: starts the jobs whose EVENT schedule waits for it.',
    'etl emit file.arrived --id 2001-02-03 --payload \'{"path": "in/flights.csv"}\'',
    async () => (await import('./command/emit.js')).emit,
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
    async () => (await import('./command/cancel.js')).cancel,
  )
    .option('--watch', 'wait until it has ended')
    .option('--all', 'all that have not ended')
    .option('--job <name>', 'with --all: only of this job')
    .option('--status <status>', 'with --all: only those that are so, such as WAITING')
    .option('--dry-run', 'with --all: only say which they are')
  const updates = () => import('./command/updates.js')
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

function addSchedules(add: Add): void {
  const commands = () => import('./command/schedules.js')
  const schedules = add('schedules', 'Schedules of jobs.', 'etl schedules list', async () => async () => {
    throw new JobError(
      'usage.invalid',
      'Say what: list, show, pause, resume, trigger, backfill, backfills, pause-backfill, resume-backfill, cancel-backfill or next',
    )
  })
  add(
    'list',
    'Schedules, and when each fires next.',
    'etl schedules list',
    async () => (await commands()).list,
    schedules,
  ).option('--type <type>', 'CRON, DEPENDENCY, EVENT or IMMEDIATE')
  const ofJob = (verb: string, summary: string, load: Load) =>
    add(`${verb} <job>`, summary, `etl schedules ${verb} nightly-report`, load, schedules)
  ofJob('show', 'How the schedule of a job stands.', async () => (await commands()).show)
  ofJob('pause', 'It starts nothing until it goes on.', async () => (await commands()).pause)
  ofJob('resume', 'It goes on; what passed is made up for as its catchUp says.', async () => (await commands()).resume)
  ofJob('trigger', 'Starts the job now, as its schedule would.', async () => (await commands()).trigger).option(
    '--watch',
    'follow it to its end',
  )
  add(
    'backfill <job>',
    'Starts an execution for each time of a range that has passed.',
    'etl schedules backfill daily-sales --from 2026-01-01T00:00:00Z --to 2026-01-31T00:00:00Z --dry-run',
    async () => (await commands()).backfill,
    schedules,
  )
    .requiredOption('--from <time>', 'times at or after it')
    .requiredOption('--to <time>', 'times at or before it')
    .option('--concurrency <count>', 'how many at once', '1')
    .option('--reprocess <which>', 'MISSING, FAILED or ALL', 'MISSING')
    .option('--dry-run', 'only say what would run')
  ofJob('backfills', 'Backfills of a job, and how far they have come.', async () => (await commands()).backfills)
  add(
    'pause-backfill <backfill>',
    'Starts no more of it until it goes on.',
    'etl schedules pause-backfill 6f1c…',
    async () => (await commands()).pauseBackfill,
    schedules,
  )
  add(
    'resume-backfill <backfill>',
    'It goes on where it was paused.',
    'etl schedules resume-backfill 6f1c…',
    async () => (await commands()).resumeBackfill,
    schedules,
  )
  add(
    'cancel-backfill <backfill>',
    'Starts no more of it, and cancels what runs.',
    'etl schedules cancel-backfill 6f1c…',
    async () => (await commands()).cancelBackfill,
    schedules,
  )
  add(
    'next [job]',
    'When a job or, without a server, a cron expression comes true next.',
    "etl schedules next --expression '0 0 5 ? * MON-FRI' --timezone Europe/Berlin",
    async () => {
      const { schedulesNextCommand } = await import('./local/schedules-next.js')
      const { next } = await commands()
      return async (context: Context, job: string | undefined, options: NextOptions) => {
        if (job !== undefined) return await next(context, job, options)
        if (options.expression !== undefined)
          return await schedulesNextCommand(context, { ...options, expression: options.expression })
        throw new JobError('usage.invalid', 'Say a job, or --expression')
      }
    },
    schedules,
  )
    .option('--expression <cron>', 'Quartz (6 or 7 fields, seconds first) or Unix (5 fields, or @daily and the like)')
    .option('--timezone <zone>', 'time zone of the calendar', 'UTC')
    .option('--from <time>', 'times after it, such as 2026-01-01T00:00:00Z; without it, after now')
    .option('--count <count>', 'how many', '10')
}

interface NextOptions {
  readonly expression?: string
  readonly timezone: string
  readonly from?: string
  readonly count: string
}

function addDeadLetters(add: Add): void {
  const commands = () => import('./command/dead-letters.js')
  const filtered = (command: Program) =>
    command
      .option('--status <status>', 'NEW, EDITED, REPLAYING, REPLAYED or DISCARDED')
      .option('--execution <id>', 'only of this execution')
      .option('--node <id>', 'only what failed at this node')
      .option('--code <code>', 'only with this error code')
  const group = add(
    'dead-letters',
    'Records that could not be processed.',
    'etl dead-letters list orders',
    async () => {
      throw new JobError('usage.invalid', 'Say what: list, show, edit or replay')
    },
  )
  filtered(
    add(
      'list <job>',
      'Lists those of a job, newest first.',
      'etl dead-letters list orders --status NEW',
      async () => (await commands()).list,
      group,
    ),
  ).option('--limit <count>', 'how many at most', '50')
  add(
    'show <id>',
    'The record, where it stood, where it failed and why.',
    'etl dead-letters show 6f1c…',
    async () => (await commands()).show,
    group,
  )
  add(
    'edit <id>',
    'Corrects the record, or discards it.',
    "etl dead-letters edit 6f1c… --record '17,2001-02-03,ok'",
    async () => (await commands()).edit,
    group,
  )
    .option('--record <text>', 'the corrected record, in the form of the original')
    .option('--original', 'as it was at first')
    .option('--discard', 'it is not to be replayed')
    .option('--restore', 'it is to be replayed after all')
  filtered(
    add(
      'replay [ids...]',
      'Runs them through the part of the job that they have not been through.',
      'etl dead-letters replay --job orders --watch',
      async () => (await commands()).replay,
      group,
    ),
  )
    .option('--job <name>', 'all of this job that wait')
    .option('--version <version>', 'SAME: the version in which each failed; NEWEST: the one saved now', 'SAME')
    .option('--watch', 'follow it to its end')
}

function addAlerts(add: Add): void {
  const commands = () => import('./command/alerts.js')
  const group = add(
    'alerts',
    'Alerts that were raised, and the rules that raise them.',
    'etl alerts list --state open',
    async () => {
      throw new JobError(
        'usage.invalid',
        'Say what: list, show, ack, resolve, silence, silences, unsilence, rules or test',
      )
    },
  )
  add('list', 'Lists alerts, newest first.', 'etl alerts list --state open', async () => (await commands()).list, group)
    .option('--state <state>', 'open, firing, acknowledged or resolved')
    .option('--level <level>', 'info, warning, error or critical')
    .option('--type <type>', 'such as JOB_FAILED')
    .option('--job <name>', 'only of this job')
    .option('--rule <name>', 'only of this rule')
    .option('--limit <count>', 'how many at most', '50')
  add('show <alert>', 'Shows one.', 'etl alerts show 6f1c…', async () => (await commands()).show, group)
  add(
    'ack <alert>',
    'You see to it: it is not told again.',
    'etl alerts ack 6f1c…',
    async () => (await commands()).acknowledge,
    group,
  )
  add('resolve <alert>', 'It is over.', 'etl alerts resolve 6f1c…', async () => (await commands()).resolve, group)
  add(
    'silence',
    'Keeps alerts quiet for a while; they are raised all the same.',
    'etl alerts silence --job orders --for 2h --reason "moving the database"',
    async () => (await commands()).silence,
    group,
  )
    .option('--rule <name>', 'only this rule')
    .option('--job <name>', 'only this job')
    .requiredOption('--for <time>', 'how long: 30m, 2h')
    .option('--reason <text>', 'why, for the others')
  add('silences', 'Lists those that last.', 'etl alerts silences', async () => (await commands()).silences, group)
  add(
    'unsilence <silence>',
    'Ends a silence.',
    'etl alerts unsilence 6f1c…',
    async () => (await commands()).unsilence,
    group,
  )
  add('rules', 'Lists the rules.', 'etl alerts rules', async () => (await commands()).rules, group)
  add(
    'test <rule>',
    'Sends a test on the channels of a rule.',
    'etl alerts test failures --channel mail',
    async () => (await commands()).test,
    group,
  ).option('--channel <name>', 'only this one')
}

function addHouse(add: Add): void {
  const settings = () => import('./command/settings.js')
  add(
    'login',
    'Logs in, and keeps the token.',
    'etl login --username admin',
    async () => (await import('./command/login.js')).login,
  )
    .option('--username <name>', 'who you are')
    .option('--password-stdin', 'read the password from standard input')
  add('logout', 'Ends the log-in.', 'etl logout', async () => (await import('./command/login.js')).logout)
  const secrets = add(
    'secrets',
    'Lists the names of secrets (ADMIN).',
    'printf %s VALUE | etl secrets set NAME',
    async () => (await settings()).secrets,
  )
  add('list', 'Lists their names.', 'etl secrets list', async () => (await settings()).secrets, secrets)
  add(
    'set <name>',
    'Sets one; its value comes on standard input.',
    'printf %s VALUE | etl secrets set NAME',
    async () => (await settings()).setSecret,
    secrets,
  ).option('--description <text>', 'what it is for')
  add('delete <name>', 'Removes one.', 'etl secrets delete NAME', async () => (await settings()).deleteSecret, secrets)
  const keys = add('keys', 'The keys of ETL_SECRET_KEY (ADMIN).', 'etl keys rotate', async () => {
    throw new JobError('usage.invalid', 'Say what: rotate')
  })
  add(
    'rotate',
    'Encrypts everything again with the first of them, so that the others may go.',
    'etl keys rotate',
    async () => (await settings()).rotateKeys,
    keys,
  )
  const config = add(
    'config',
    'System settings (ADMIN).',
    'etl config set security.session_hours 8',
    async () => (await settings()).config,
  )
  add(
    'list',
    'Lists settings.',
    'etl config list --group retention',
    async () => (await settings()).config,
    config,
  ).option('--group <name>', 'only this group')
  add(
    'get <key>',
    'Shows one.',
    'etl config get security.session_hours',
    async () => (await settings()).getConfig,
    config,
  )
  add(
    'set <key> <value>',
    'Changes one; - reads the value from standard input.',
    'etl config set security.session_hours 8',
    async () => (await settings()).setConfig,
    config,
  )
  add(
    'migrate',
    'Brings the catalogue database to this version.',
    'etl migrate --print > database-schema.sql',
    async () => (await import('./local/migrate.js')).migrateCommand,
  ).option('--print', 'only print the SQL')
  addUsers(add)
  addAudit(add)
  addMaintenance(add)
  addBackup(add)
  add('worker', 'Runs a worker.', 'etl worker', async () => (await import('./command/serve.js')).worker)
  add('api', 'Runs the API.', 'etl api', async () => (await import('./command/serve.js')).api)
}

function addUsers(add: Add): void {
  const people = () => import('./command/users.js')
  const users = add('users', 'Users (ADMIN).', 'etl users list', async () => (await people()).users)
  add('list', 'Lists users.', 'etl users list --role ADMIN', async () => (await people()).users, users).option(
    '--role <role>',
    'ADMIN, DEVELOPER or USER',
  )
  add('show <user>', 'Shows one.', 'etl users show anna', async () => (await people()).showUser, users)
  const described = (command: Program) =>
    command
      .option('--role <role>', 'ADMIN, DEVELOPER or USER')
      .option('--email <address>', 'where they are reached')
      .option('--display-name <name>', 'what they are called')
  described(
    add(
      'create <user>',
      'Makes one; the password is asked for, or comes on standard input.',
      'etl users create anna --role DEVELOPER',
      async () => (await people()).createUser,
      users,
    ),
  )
  described(
    add(
      'set <user>',
      'Changes one.',
      'etl users set anna --role ADMIN',
      async () => (await people()).changeUser,
      users,
    ),
  ).option('--status <status>', 'ACTIVE or INACTIVE')
  add(
    'password [user]',
    'Sets a password: your own, with the present one; or that of another (ADMIN).',
    'etl users password',
    async () => (await people()).setPassword,
    users,
  )
  add(
    'unlock <user>',
    'Ends the lock after failed log-ins.',
    'etl users unlock anna',
    async () => (await people()).unlockUser,
    users,
  )
  add('delete <user>', 'Removes one.', 'etl users delete anna', async () => (await people()).deleteUser, users)
  const kept = () => import('./command/tokens.js')
  const shown = (command: Program) =>
    command
      .option('--type <type>', 'API or SESSION (log-ins)')
      .option('--user <user>', 'of this user (ADMIN)')
      .option('--all', 'of everybody (ADMIN)')
  const tokens = shown(add('tokens', 'API tokens and log-ins.', 'etl tokens list', async () => (await kept()).tokens))
  shown(add('list', 'Lists those that are valid.', 'etl tokens list', async () => (await kept()).tokens, tokens))
  add(
    'create <name>',
    'Makes an API token, and shows it this once.',
    'etl tokens create nightly --role USER --days 30',
    async () => (await kept()).createToken,
    tokens,
  )
    .option('--role <role>', 'a smaller role than yours')
    .option('--days <days>', 'for how long; none: until it is revoked', '90')
  add(
    'revoke <token>',
    'Ends a token or a log-in.',
    'etl tokens revoke 6f1c…',
    async () => (await kept()).revokeToken,
    tokens,
  )
}

function addAudit(add: Add): void {
  const commands = () => import('./command/audit.js')
  const filtered = (command: Program) =>
    command
      .option('--user <name>', 'by this user; of failed log-ins, the name that was tried')
      .option('--type <operation>', 'such as CREATE_JOB or LOGIN')
      .option('--resource <type>', 'such as JOB or USER')
      .option('--id <id>', 'of the resource')
      .option('--status <status>', 'SUCCESS or FAILED')
      .option('--from <time>', 'not before this time')
      .option('--to <time>', 'before this time')
  const list = async () => (await commands()).listAudit
  const audit = filtered(add('audit', 'What was done, by whom, from where (ADMIN).', 'etl audit list', list)).option(
    '--limit <count>',
    'how many at most',
    '50',
  )
  filtered(add('list', 'Lists it, newest first.', 'etl audit list --user anna', list, audit)).option(
    '--limit <count>',
    'how many at most',
    '50',
  )
  add(
    'verify',
    'Is it as it was written? Names the first entry that does not fit.',
    'etl audit verify',
    async () => (await commands()).verifyAudit,
    audit,
  ).option('--head <head>', 'a head that was printed before: sequence:hash; it has to be there still')
  filtered(
    add(
      'export',
      'Writes it, oldest first.',
      'etl audit export --format csv --from 2026-01-01T00:00:00Z --output audit.csv',
      async () => (await commands()).exportAudit,
      audit,
    ),
  )
    .option('--format <format>', 'jsonl or csv', 'jsonl')
    .option('--output <file>', 'a file; without it, standard output')
}

function addMaintenance(add: Add): void {
  const commands = () => import('./command/maintenance.js')
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

function addBackup(add: Add): void {
  const commands = () => import('./local/backup.js')
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
  ).option('--force', 'replace all that the database holds')
}

/** Commander gives arguments, options, and the command itself. */
async function perform(load: Load, given: readonly unknown[]): Promise<number> {
  const program = given.at(-1) as Program
  const options = program.opts<{ json?: boolean }>()
  const output = openOutput(program.optsWithGlobals<{ json?: boolean }>().json === true)
  const command = await load()
  const code = await command({ output, variables: process.env }, ...given.slice(0, -2), options)
  return typeof code === 'number' ? code : 0
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** Commander has said it on standard error already. */
function reportUsage(error: CommanderError, json: boolean): number {
  const isHelp = ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)
  if (isHelp && error.exitCode === 0) return 0
  const message = error.message.replace(/^error: /, '')
  if (json && !isHelp) reportFailure(new JobError('usage.invalid', message), openOutput(true))
  return 2
}
