/** The checkpoint store, in memory: every call is a step. `put` and `fetch` copy between it and local files, which are in memory too. */
import { JobError } from '../../core/errors/job-error.js'
import type { ObjectStore } from '../../storage/store.js'
import type { Ledger } from './ledger.js'
import type { Process, Scheduler } from './scheduler.js'

interface Stored {
  readonly text: string
  readonly modifiedMs: number
}

export class ModelStore {
  readonly objects = new Map<string, Stored>()
  private readonly local = new Map<string, string>()
  private localFiles = 0
  /** Is it named by what can still be needed? */
  isNeeded: (key: string) => boolean = () => false

  constructor(
    private readonly scheduler: Scheduler,
    private readonly ledger: Ledger,
    private readonly now: () => number,
  ) {}

  localFile(text: string): string {
    this.localFiles += 1
    const path = `local/${this.localFiles}`
    this.local.set(path, text)
    return path
  }

  localText(path: string): string {
    return this.local.get(path)!
  }

  of(process: Process): ObjectStore {
    const step = <T>(what: string, effect: () => T) => this.scheduler.step(process, 'store', what, effect)
    const now = this.now
    const { objects } = this
    return {
      url: 'file:///model',
      put: (key, file) =>
        step(`put ${key}`, () => {
          this.write(key, this.localText(file))
          return { sizeBytes: this.localText(file).length }
        }),
      putIfAbsent: (key, file) =>
        step(`put if absent ${key}`, () => {
          if (objects.has(key)) return false
          objects.set(key, { text: this.localText(file), modifiedMs: now() })
          return true
        }),
      fetch: (key) =>
        step(`fetch ${key}`, () => {
          const found = objects.get(key)
          if (found === undefined) throw new JobError('storage.failed', `${key} is missing`)
          return this.localFile(found.text)
        }),
      putText: (key, text) => step(`put ${key}`, () => this.write(key, text)),
      text: (key) => step(`get ${key}`, () => objects.get(key)?.text ?? null),
      list: (prefix) => this.list(prefix, step),
      remove: (key) =>
        step(`remove ${key}`, () => {
          this.ledger.mustHold('I5', !this.isNeeded(key), () => `${key} is needed and was removed`)
          objects.delete(key)
        }),
    }
  }

  private write(key: string, text: string): void {
    const before = this.objects.get(key)
    this.ledger.mustHold(
      'I5',
      before === undefined || before.text === text,
      () => `${key} was written twice, differently`,
    )
    this.objects.set(key, { text, modifiedMs: this.now() })
  }

  private async *list(prefix: string, step: <T>(what: string, effect: () => T) => Promise<T>) {
    const keys = await step(`list ${prefix}`, () =>
      [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort(),
    )
    for (const key of keys) {
      const found = this.objects.get(key)
      if (found !== undefined) yield { key, sizeBytes: found.text.length, modifiedMs: found.modifiedMs }
    }
  }
}
