/** Definition files: YAML or JSON, several documents in one file, whole folders. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { JobError } from '../core/errors/job-error.js'
import { type ParsedDocument, parseDocuments } from '../core/spec/documents.js'
import { FailedWithProblems } from './failure.js'

export interface Definition {
  readonly kind: ParsedDocument['kind']
  readonly value: Readonly<Record<string, unknown>>
  readonly file: string
  /** 1-based line of the field that a JSON pointer names. */
  readonly lineOf: (pointer: string) => number
}

/** All documents of all files below the paths, files in order of their names. */
export function readDefinitions(paths: readonly string[]): readonly Definition[] {
  return paths.flatMap(filesOf).flatMap(readFile)
}

/** The one job of a file. */
export function readJob(file: string): Definition {
  const jobs = readFile(file).filter((definition) => definition.kind === 'job')
  const [job] = jobs
  if (job === undefined) throw new JobError('spec.unreadable', `${file} holds no job`)
  if (jobs.length > 1) {
    const hint = 'Use `etl apply` for files of several documents.'
    throw new JobError('usage.invalid', `${file} holds ${jobs.length} jobs`, { hint })
  }
  return job
}

/** `name=value` pairs of --param. */
export function readParameters(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new JobError('usage.invalid', `--param ${pair} must look like name=value`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

const EXTENSIONS = ['.yaml', '.yml', '.json']

function filesOf(path: string): readonly string[] {
  if (!stat(path).isDirectory()) return [path]
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    const below = join(path, entry.name)
    if (entry.isDirectory()) return filesOf(below)
    return EXTENSIONS.includes(extname(entry.name)) ? [below] : []
  })
}

function readFile(file: string): readonly Definition[] {
  if (stat(file).isDirectory()) throw new JobError('usage.invalid', `${file} is a folder`)
  const { documents, problems } = parseDocuments(textOf(file))
  if (problems.length > 0) throw new FailedWithProblems('spec.unreadable', `${file} cannot be read`, problems)
  return documents.map(({ kind, value, lineOf }) => ({ kind, value: value as Record<string, unknown>, file, lineOf }))
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new JobError('spec.unreadable', `${file} cannot be read`, { cause })
  }
}

function stat(path: string) {
  try {
    return statSync(path)
  } catch {
    throw new JobError('not.found', `There is no file ${path}`)
  }
}
