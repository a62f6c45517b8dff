/** The `etl` command: what there is, and which file does it. Each command is loaded when it is called, so that starting is fast. */
import { CommanderError, Command as Program } from 'commander'
import { JobError } from '../core/errors/job-error.js'
import { readVersion } from '../process/version.js'
import { reportFailure } from './failure.js'
import { openOutput } from './output.js'
import { addAudit, addUsers } from './usage/access.js'
import type { Load } from './usage/add.js'
import { addAlerts } from './usage/alerts.js'
import { addConnections } from './usage/connections.js'
import { addConnectors } from './usage/connectors.js'
import { addDeadLetters } from './usage/dead-letters.js'
import { addDefinitions } from './usage/definitions.js'
import { addExecutions, addUpdates } from './usage/executions.js'
import { addBackup, addHouse, addMaintenance } from './usage/house.js'
import { addLocal } from './usage/local.js'
import { addSchedules } from './usage/schedules.js'
import { addSettings } from './usage/settings.js'

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

function describeProgram(done: (code: number) => void): Program {
  const program = new Program('etl')
    .description(
      'Durable, vectorised ETL. Commands without a server: run, validate, explain, schema, schedules next, init.',
    )
    .version(readVersion())
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
  addConnectors(add)
  addExecutions(add)
  addUpdates(add)
  addSchedules(add)
  addDeadLetters(add)
  addAlerts(add)
  addUsers(add)
  addAudit(add)
  addSettings(add)
  addHouse(add)
  addMaintenance(add)
  addBackup(add)
  return program
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

/** Commander has said it on standard error already. */
function reportUsage(error: CommanderError, json: boolean): number {
  const isHelp = ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)
  if (isHelp && error.exitCode === 0) return 0
  const message = error.message.replace(/^error: /, '')
  if (json && !isHelp) reportFailure(new JobError('usage.invalid', message), openOutput(true))
  return 2
}
