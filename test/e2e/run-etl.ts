/** `etl` as a user runs it: a process on the built program, in a folder of its own. What it says is looked over each time. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ReportedError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { ExecutionReport } from '../../core/execution/report.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'

const launcher = fileURLToPath(new URL('../../bin/etl.js', import.meta.url))

/** Stands in connections of these tests, and nowhere in what anybody is told. */
export const password = 'open-sesame-41'

export interface Answer extends Omit<Partial<ExecutionReport>, 'error'> {
  readonly error?: ReportedError | null
  readonly errors?: readonly Problem[]
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Of `--json`. */
  readonly answer: Answer
}

export interface Place {
  readonly folder: string
  path(name: string): string
  put(name: string, content: string | Uint8Array): Promise<void>
  /** A Parquet file of what a query gives. */
  parquet(name: string, query: string): Promise<void>
  rows(query: string): Promise<unknown[][]>
  etl(args: readonly string[], given?: Given): Promise<Ended>
  /** Saves the job, and gives it to a command. */
  job(nodes: unknown, settings?: Readonly<Record<string, unknown>>, given?: Given): Promise<Ended>
  /** What the file sink of these jobs has published, its parts in order. */
  written(folder?: string): Promise<string>
}

export interface Given {
  readonly command?: string
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  /** Ctrl-C as soon as the answer is true. */
  readonly interrupt?: () => Promise<boolean>
  /** Called again and again while it runs. */
  readonly watched?: (pid: number) => Promise<void>
}

export async function inPlace<T>(run: (place: Place) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-e2e-'))
  const session = await openSession({ folder, memoryLimitBytes: 1024 ** 3, threads: 1 })
  try {
    return await run(placeIn(folder, session))
  } finally {
    session.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function placeIn(folder: string, session: Session): Place {
  const path = (name: string) => join(folder, name)
  const etl = (args: readonly string[], given: Given = {}) => runEtl(folder, args, given)
  return {
    folder,
    path,
    etl,
    put: (name, content) => writeFile(path(name), content),
    parquet: (name, query) => session.run(`COPY (${query}) TO '${path(name)}' (FORMAT parquet)`),
    rows: (query) => session.rows(query),
    async job(nodes, settings = {}, given = {}) {
      await writeFile(path('job.json'), JSON.stringify({ name: 'j', nodes, ...settings }))
      return await etl([given.command ?? 'run', 'job.json', '--json', ...(given.args ?? [])], given)
    },
    async written(name = 'out') {
      const names = (await readdir(path(name)).catch(() => [])).filter((one) => !/^[._]/.test(one)).sort()
      const parts = await Promise.all(names.map((one) => readFile(join(path(name), one), 'utf8')))
      return parts.join('')
    },
  }
}

async function runEtl(folder: string, args: readonly string[], given: Given): Promise<Ended> {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ETL_HOME: join(folder, 'home'), ...given.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(given.uid === undefined ? {} : { uid: given.uid, gid: given.uid }),
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  if (given.interrupt) {
    while (child.exitCode === null && !(await given.interrupt()))
      await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGINT')
  }
  while (given.watched && child.exitCode === null && child.signalCode === null) {
    await given.watched(child.pid ?? 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const code = await ended
  lookOver(`${out}\n${err}`)
  return { code, out, err, answer: args.includes('--json') ? readAnswer(out, err) : {} }
}

/** No stack, no secret, no file of ours, nothing unforeseen. */
function lookOver(said: string): void {
  for (const pattern of [
    /^\s+at .+:\d+:\d+/m,
    new RegExp(password),
    /etl-look-|\/session-[0-9a-f]/,
    /"code":"internal"/,
  ]) {
    if (pattern.test(said)) throw new Error(`A user was told ${pattern}: ${said.slice(0, 2000)}`)
  }
}

/** One object, nothing else. */
function readAnswer(out: string, err: string): Answer {
  try {
    return JSON.parse(out) as Answer
  } catch {
    throw new Error(`Standard output is not one JSON object: ${out.slice(0, 500)}\n${err.slice(0, 500)}`)
  }
}

export const source = (path: string, config: Readonly<Record<string, unknown>> = {}) => ({
  id: 'in',
  source: 'file',
  config: { path, ...config },
})

export const target = (input = 'in', config: Readonly<Record<string, unknown>> = {}) => ({
  id: 'out',
  sink: 'file',
  input,
  config: { path: 'out', format: 'csv', mode: 'REPLACE', ...config },
})

export const operator = (type: string, config: unknown, input = 'in') => ({
  id: 'op',
  operator: type,
  input,
  config,
})

export const keepBad = { onBadRecord: { action: 'DEAD_LETTER' } }

/** I8 as a user reads it, for a job without aggregation or fan-out. */
export function recordsOf({ answer, code, err }: Ended) {
  const { records } = answer
  if (!records) throw new Error(`No report (exit ${code}): ${JSON.stringify(answer)} ${err}`)
  const { read, written, filtered, failed } = records
  if (read !== written + filtered + failed) throw new Error(`${read} read, but ${JSON.stringify(records)}`)
  return { read, written, filtered, failed }
}
