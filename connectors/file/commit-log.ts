import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'
import { compareFences, type Fence } from '../../core/execution/fence.js'
import type { Mark } from '../spi.js'
import { createExclusively } from './durable.js'

/** A part that was staged, and the name it gets when it is published. */
export interface Part {
  readonly staged: string
  readonly final: string
}

/** The manifest of one epoch: the parts that became visible together with its mark. */
export interface Manifest {
  readonly fence: Fence
  readonly mark: Mark
  readonly parts: readonly Part[]
}

/** OPEN is the void manifest that a new writer puts where an older one would have committed. */
type Entry = { readonly kind: 'OPEN'; readonly fence: Fence } | ({ readonly kind: 'COMMIT' } & Manifest)

/**
 * The log of one writer's key: numbered files, each created exclusively. Whoever opens takes the next number, and may
 * commit only under the number after that; a newer writer has taken it by then. So an older one can never commit (I2).
 */
export interface CommitLog {
  readonly manifests: readonly Manifest[]
  /** Throws `fenced` if a newer writer has opened since. */
  commit(manifest: Manifest): Promise<void>
  /** Throws `fenced` likewise. */
  check(): Promise<void>
}

/** Takes the fence. Throws `fenced` for an older one, or where nothing was prepared. */
export async function openLog(folder: string, fence: Fence): Promise<CommitLog> {
  for (;;) {
    const entries = await readLog(folder)
    const newest = entries.findLast((entry) => entry.kind === 'OPEN')
    if (newest && compareFences(newest.fence, fence) > 0) throw fenced()
    const opened = entries.length + 1
    if (!(await append(folder, opened, { kind: 'OPEN', fence }))) continue
    let next = opened + 1
    return {
      manifests: entries.filter((entry) => entry.kind === 'COMMIT'),
      async commit(manifest) {
        if (!(await append(folder, next, { kind: 'COMMIT', ...manifest }))) throw fenced()
        next += 1
      },
      async check() {
        if ((await readLog(folder)).length >= next) throw fenced()
      },
    }
  }
}

const nameOf = (number: number) => `${String(number).padStart(9, '0')}.json`

const append = (folder: string, number: number, entry: Entry) =>
  createExclusively(join(folder, nameOf(number)), JSON.stringify(entry))

async function readLog(folder: string): Promise<Entry[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') throw fenced()
    throw error
  })
  const entries = names.filter((name) => /^\d{9}\.json$/.test(name)).sort()
  return Promise.all(entries.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Entry))
}

const fenced = () => new JobError('fenced', 'A newer attempt writes these files now.')
