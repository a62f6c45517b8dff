/** Commands without a server. */
import type { Context } from '../command.js'
import { type Add, collect } from './add.js'

export function addLocal(add: Add): void {
  const connections = ['--connections <file>', 'file of connection documents'] as const
  add(
    'run <file>',
    'Runs a job on this machine, without a server.',
    'etl run job.yaml --param day=2001-02-03',
    async () => {
      const { runCommand } = await import('../local/run.js')
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
    async () => (await import('../local/validate.js')).validateCommand,
  ).option(...connections)
  add(
    'explain <file>',
    'Shows what would run: nodes, chains, and why others are not chained.',
    'etl explain job.yaml --mermaid',
    async () => (await import('../local/explain.js')).explainCommand,
  )
    .option('--dot', 'as Graphviz')
    .option('--mermaid', 'as Mermaid')
    .option('--failures <times>', 'what the restart strategy would decide at each: 0ms,1200ms,3s')
    .option(...connections)
  add(
    'schema <name>',
    'JSON Schema of a definition, for editors.',
    'etl schema job > job.schema.json',
    async () => (await import('../local/schema.js')).schemaCommand,
  )
  add(
    'init [file]',
    'Writes a first job.',
    'etl init job.yaml --template csv-to-parquet',
    async () => (await import('../command/init.js')).init,
  )
    .option('--template <name>', 'csv-to-parquet or csv-to-mysql; without it, a few questions')
    .option('--name <name>', 'name of the job')
    .option('--force', 'replace the file')
}
