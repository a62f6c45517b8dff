/** Functions from the modules below one folder. */
import { JobError } from '../core/errors/job-error.js'
import { nearestHint } from '../core/spec/nearest.js'
import { Child, type Limits, type Said } from './child-process.js'
import { findModule } from './find-module.js'
import { functionProgram } from './function-program.js'
import type { FunctionAnswer, FunctionBatch, FunctionProcess, FunctionReference, Functions } from './spi.js'

/** Of one process: those of all slots have to fit beside their sessions. */
const heapBytes = 512 * 1024 ** 2

/** null: there is no such folder, and no function. */
export function functionsBelow(
  path: string | null,
  prints: Limits['prints'],
  memoryLimitBytes: number = heapBytes,
): Functions {
  const limits = { prints, memoryLimitBytes }
  return {
    async check(reference, signal) {
      const process = new OneFunction(reference, path, limits)
      const interrupt = () => process.interrupt()
      signal.addEventListener('abort', interrupt, { once: true })
      try {
        await process.loaded()
      } finally {
        signal.removeEventListener('abort', interrupt)
        await process.end()
      }
    },
    open: (reference) => new OneFunction(reference, path, limits),
  }
}

/** How long a module may take to load. */
const loadMs = 30_000
/** How long a function may take to stop by itself. */
const graceMs = 250

class OneFunction implements FunctionProcess {
  private child: Child | null = null
  private isOver = false

  constructor(
    private readonly reference: FunctionReference,
    private readonly path: string | null,
    private readonly limits: Limits,
  ) {}

  async call({ timeoutMs, ...batch }: FunctionBatch): Promise<FunctionAnswer> {
    const child = await this.loaded()
    const said = await child.ask({ kind: 'CALL', ...batch }, timeoutMs)
    if (this.isOver) throw cancelled()
    if (said.kind === 'LATE') throw await this.late(child, batch.rows.length, timeoutMs)
    if (said.kind === 'GONE') return { kind: 'FAILED', message: `The function ${said.why}.` }
    if (said.kind === 'INVALID') throw new JobError('function.invalid', `${this.label}: ${said.message}`)
    if (said.kind === 'BROKEN') {
      await child.end()
      return { kind: 'FAILED', message: said.message }
    }
    if (said.kind !== 'RESULT' && said.kind !== 'FAILED')
      throw new JobError('internal', `${this.label} was loaded twice.`)
    return said
  }

  interrupt(): void {
    if (this.isOver) return
    this.isOver = true
    this.child?.tell({ kind: 'STOP' })
    setTimeout(() => void this.child?.end(), graceMs)
  }

  async end(): Promise<void> {
    this.isOver = true
    await this.child?.end()
  }

  /** The process, with the function in it. */
  async loaded(): Promise<Child> {
    if (this.isOver) throw cancelled()
    if (this.child !== null && this.child.gone === null) return this.child
    const { module, export: name, config } = this.reference
    const found = findModule(module, this.path)
    this.child = new Child(functionProgram(found.folder), this.limits)
    const said = await this.child.ask({ kind: 'LOAD', file: found.file, name, config }, loadMs)
    if (this.isOver) throw cancelled()
    if (said.kind !== 'LOADED') throw await this.notLoaded(this.child, said)
    const { functions } = said
    if (functions.includes(name)) return this.child
    await this.child.end()
    const known = functions.length === 0 ? 'It exports no function.' : `It exports: ${functions.join(', ')}.`
    throw new JobError('config.invalid', `\`${module}\` exports no function \`${name}\`.`, {
      pointer: '/export',
      hint: nearestHint(name, functions) ?? known,
    })
  }

  private async notLoaded(child: Child, said: Said): Promise<JobError> {
    await child.end()
    const why =
      said.kind === 'INVALID'
        ? said.message
        : said.kind === 'GONE'
          ? `it ${said.why}`
          : `it takes longer than ${loadMs / 1000} seconds`
    return new JobError('config.invalid', `The module \`${this.reference.module}\` cannot be loaded: ${why}`, {
      pointer: '/module',
    })
  }

  /** Not a fault of its records: a slow machine must not decide which of them are bad (I9). */
  private async late(child: Child, records: number, timeoutMs: number): Promise<JobError> {
    await child.end()
    const message = `${this.label} took longer than ${timeoutMs} ms for ${records} records, and was ended.`
    return new JobError('function.timeout', message, { hint: 'Look for an endless loop, or raise its `timeout`.' })
  }

  private get label(): string {
    const { module, export: name } = this.reference
    return name === 'default' ? `The function of \`${module}\`` : `The function \`${name}\` of \`${module}\``
  }
}

const cancelled = () => new JobError('cancelled', 'It was cancelled.')
