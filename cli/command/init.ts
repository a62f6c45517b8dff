/** `etl init`: a first job file, from a template or from a few questions. */
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { Context } from '../command.js'

interface Options {
  readonly template?: string
  readonly name?: string
  readonly force?: boolean
}

interface Answers {
  readonly name: string
  readonly path: string
  readonly target: string
}

const TEMPLATES: Readonly<Record<string, (answers: Answers) => string>> = {
  'csv-to-parquet': ({ name, path, target }) => `# Try it: etl run FILE
name: ${name}
type: BATCH
nodes:
  - id: input
    source: file
    config: { path: ${quoted(path)} }
  - id: output
    sink: file
    input: input
    config: { path: ${quoted(target)}, format: parquet }
`,
  'csv-to-mysql': ({
    name,
    path,
    target,
  }) => `# Try it: ETL_VAR_DB=mysql://user:password@host:3306/database etl run FILE
name: ${name}
type: BATCH
onBadRecord: { action: DEAD_LETTER, max: 1000 }
nodes:
  - id: input
    source: file
    config: { path: ${quoted(path)} }
  - id: table
    sink: jdbc
    input: input
    config: { connection: { url: "\${env:ETL_VAR_DB}" }, table: ${quoted(target)}, mode: APPEND, createTable: true }
`,
}

export async function init({ output }: Context, file: string | undefined, options: Options): Promise<void> {
  const path = file ?? 'job.yaml'
  if (existsSync(path) && options.force !== true) {
    throw new JobError('conflict', `${path} exists already`, { hint: 'Name another file, or give --force.' })
  }
  const { template, answers } =
    options.template === undefined && process.stdin.isTTY === true ? await ask() : unasked(options)
  const make = TEMPLATES[template]
  if (make === undefined) {
    const known = Object.keys(TEMPLATES)
    throw new JobError('not.found', `There is no template ${template}`, {
      hint: nearestHint(template, known) ?? `Known: ${known.join(', ')}.`,
    })
  }
  writeFileSync(path, make(answers).replace('FILE', path))
  output.result({ file: path, template }, () => `${path} written; next: etl validate ${path}`)
}

function unasked({ template = 'csv-to-parquet', name = 'first-job' }: Options) {
  return {
    template,
    answers: { name, path: 'data/input.csv', target: template === 'csv-to-mysql' ? 'input' : 'data/output' },
  }
}

async function ask() {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const question = async (text: string, fallback: string) =>
    (await lines.question(`${text} [${fallback}]: `)).trim() || fallback
  try {
    const name = await question('Name of the job', 'first-job')
    const path = await question('CSV file to read', 'data/input.csv')
    const database = /^y/i.test(await question('Write to a MySQL table (y) or to Parquet files (n)', 'n'))
    const target = await question(database ? 'Table' : 'Folder', database ? 'input' : 'data/output')
    return { template: database ? 'csv-to-mysql' : 'csv-to-parquet', answers: { name, path, target } }
  } finally {
    lines.close()
  }
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : JSON.stringify(text)
}
