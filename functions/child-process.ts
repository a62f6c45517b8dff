/** One process in which a function, or what else may have to be ended, runs: without the environment of this one, bounded, and never longer than this one. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { FunctionAnswer } from './spi.js'

export interface Program {
  /** Plain JavaScript, which answers messages. */
  readonly script: string
  readonly cwd: string
  /** Of Node.js. */
  readonly flags: readonly string[]
  /** While it is not asked it keeps nobody from ending, and ends with them. */
  readonly isKept?: boolean
}

export interface Limits {
  /** Of the heap of JavaScript; on Linux all its data is bounded too, by somewhat more. */
  readonly memoryLimitBytes: number
  /** Where what a function prints goes: nowhere on a worker, because it may be records (I6). */
  readonly prints: 'STDERR' | 'NOWHERE'
}

/** What it says: an answer of child.mjs, or that there will be none. */
export type Said =
  | FunctionAnswer
  | { readonly kind: 'LOADED'; readonly functions: readonly string[] }
  | { readonly kind: 'DESCRIBED'; readonly description: unknown; readonly exports: readonly string[] }
  | { readonly kind: 'INVALID'; readonly message: string }
  /** It failed, and ends. */
  | { readonly kind: 'BROKEN'; readonly message: string }
  /** Of a DuckDB. */
  | { readonly kind: 'OPENED' }
  | { readonly kind: 'ROW'; readonly values: readonly unknown[] }
  | { readonly kind: 'GONE'; readonly why: string }
  | { readonly kind: 'LATE' }

export class Child {
  /** null: it is there. */
  gone: string | null = null
  private waiting: (said: Said) => void = () => undefined
  private readonly process: ChildProcess
  private readonly ended: Promise<void>

  constructor(
    private readonly program: Program,
    { memoryLimitBytes, prints }: Limits,
  ) {
    const out = prints === 'STDERR' ? 2 : 'ignore'
    this.process = spawn('sh', ['-c', BOUNDED, 'sh', ...command(program, memoryLimitBytes)], {
      cwd: program.cwd,
      env: environment(),
      serialization: 'advanced',
      stdio: ['ignore', out, out, 'ipc'],
    })
    const watch = watchOver(this.process)
    this.ended = new Promise((resolve) => {
      const end = (why: string) => {
        this.gone ??= why
        watch?.kill('SIGKILL')
        this.waiting({ kind: 'GONE', why: this.gone })
        resolve()
      }
      this.process.once('error', (error) => end(`could not be started (${error.message})`))
      this.process.once('exit', (code, signal) => end(cause(code, signal, memoryLimitBytes)))
    })
    this.process.on('message', (said) => this.waiting(said as Said))
  }

  /** LATE: it has not answered in time, and is still at it. */
  async ask(asked: object, timeoutMs: number): Promise<Said> {
    if (this.gone !== null) return { kind: 'GONE', why: this.gone }
    if (this.program.isKept) this.hold(true)
    const said = await new Promise<Said>((resolve) => {
      const late = setTimeout(() => resolve({ kind: 'LATE' }), timeoutMs)
      this.waiting = (said) => {
        clearTimeout(late)
        resolve(said)
      }
      this.tell(asked)
    })
    if (this.program.isKept) this.hold(false)
    return said
  }

  /** Whoever is gone hears nothing, and its end is told. */
  tell(said: object): void {
    this.process.send?.(said, () => undefined)
  }

  private hold(isHeld: boolean): void {
    for (const one of [this.process, this.process.channel]) isHeld ? one?.ref() : one?.unref()
  }

  async end(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }
}

/** Besides its heap: buffers, code, stacks of threads. */
const besidesHeap = 512 * 1024 ** 2

/** No dump of its memory; where data cannot be bounded the heap still is. */
const BOUNDED = 'ulimit -c 0; ulimit -d "$1" 2>/dev/null; shift; exec "$@"'

function command({ script, flags }: Program, memoryLimitBytes: number): string[] {
  const dataKiB = Math.floor((memoryLimitBytes + besidesHeap) / 1024)
  const heap = `--max-old-space-size=${Math.floor(memoryLimitBytes / 1024 ** 2)}`
  return [String(dataKiB), process.execPath, heap, ...flags, '--no-warnings', script]
}

/** Times in it mean what they mean in SQL here: UTC. */
function environment(): NodeJS.ProcessEnv {
  const passed = ['PATH', 'LANG', 'LC_ALL', 'NODE_ENV'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(passed), TZ: 'UTC' }
}

/** In an endless loop it would not notice that this process has been killed: somebody else has to. */
function watchOver({ pid }: ChildProcess): ChildProcess | null {
  if (pid === undefined) return null
  const watch = spawn('sh', ['-c', 'read -r _; kill -9 "$0"', String(pid)], { stdio: ['pipe', 'ignore', 'ignore'] })
  watch.on('error', () => undefined)
  watch.unref()
  return watch
}

function cause(code: number | null, signal: NodeJS.Signals | null, memoryLimitBytes: number): string {
  const limit = `its limit is ${Math.floor(memoryLimitBytes / 1024 ** 2)} MiB`
  if (signal === 'SIGABRT' || signal === 'SIGTRAP' || code === 134) return `ran out of memory (${limit})`
  return signal === null ? `ended its process (exit code ${code})` : `was ended (${signal})`
}
