import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import { compareFences, type Fence } from '../../core/execution/fence.js'
import type { Mark } from '../spi.js'
import type { TargetFiles } from './target-files.js'

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

/**
 * OPEN is the void manifest that a new writer puts where an older one would have committed; it tells the newest mark
 * before it, whose parts are published by then, so that nothing of what stands before it is needed any more.
 */
type Entry =
  | { readonly kind: 'OPEN'; readonly fence: Fence; readonly committed: Mark | null }
  | ({ readonly kind: 'COMMIT' } & Manifest)

/** Lets writers open it. Idempotent. */
export async function prepareLog(files: TargetFiles, folder: string): Promise<void> {
  await files.makeFolder(folder)
  const nobody = { generation: 0, attempt: 0, epoch: 0, activityAttempt: 0 }
  await files.create(pathOf(folder, 0), JSON.stringify({ kind: 'OPEN', fence: nobody, committed: null }))
}

/**
 * The log of one writer's key: numbered files, each created exclusively. Whoever opens takes the next number, and may
 * commit only under the number after that; a newer writer has taken it by then. So an older one can never commit (I2).
 * What stands before the newest OPEN is cleared away. A number that is free again for that is no use to anyone: whoever
 * takes it sees a greater one, as the greatest always stays.
 */
export interface CommitLog {
  /** The newest mark; its parts are published. */
  readonly committed: Mark | null
  /** Throws `fenced` if a newer writer has opened since. */
  commit(manifest: Manifest): Promise<void>
  /** Throws `fenced` likewise. */
  check(): Promise<void>
}

/** Takes the fence, after what was committed last is published. Throws `fenced` for an older one, or where nothing was prepared. */
export async function openLog(
  files: TargetFiles,
  folder: string,
  fence: Fence,
  publish: (manifest: Manifest) => Promise<void>,
): Promise<CommitLog> {
  const log = logFiles(files, folder)
  for (;;) {
    const { open, commits, last } = await log.newest()
    if (open && compareFences(open.fence, fence) > 0) throw fenced()
    for (const manifest of commits) await publish(manifest)
    const committed = commits.at(-1)?.mark ?? open?.committed ?? null
    const opened = last + 1
    const there = await log.append(opened, { kind: 'OPEN', fence, committed })
    if (there === null) continue
    await log.remove(there.filter((number) => number < opened))
    let next = opened + 1
    return {
      committed,
      async commit(manifest) {
        if ((await log.append(next, { kind: 'COMMIT', ...manifest })) === null) throw fenced()
        next += 1
      },
      async check() {
        if ((await log.numbers()).some((number) => number >= next)) throw fenced()
      },
    }
  }
}

interface Newest {
  readonly open: (Entry & { readonly kind: 'OPEN' }) | null
  /** After `open`. */
  readonly commits: readonly Manifest[]
  readonly last: number
}

const pathOf = (folder: string, number: number) => `${folder}/${String(number).padStart(9, '0')}.json`

function logFiles(files: TargetFiles, folder: string) {
  async function numbers(): Promise<readonly number[]> {
    const names = await files.names(folder)
    if (names === null) throw fenced()
    return names
      .flatMap((name) => (/^\d{9,}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
      .sort((a, b) => a - b)
  }

  /** Read backwards; null: somebody is clearing away what was listed, and so has opened. */
  async function tryNewest(): Promise<Newest | null> {
    const listed = await numbers()
    const commits: Manifest[] = []
    for (const number of listed.toReversed()) {
      const text = await files.read(pathOf(folder, number))
      if (text === null) return null
      const entry = JSON.parse(text) as Entry
      if (entry.kind === 'OPEN') return { open: entry, commits: commits.reverse(), last: listed.at(-1)! }
      commits.push(entry)
    }
    return { open: null, commits: commits.reverse(), last: listed.at(-1) ?? 0 }
  }

  return {
    numbers,

    async newest(): Promise<Newest> {
      for (;;) {
        const found = await tryNewest()
        if (found) return found
      }
    },

    /** The numbers that are there then; null: another one has this number, or a greater one. */
    async append(number: number, entry: Entry): Promise<readonly number[] | null> {
      const path = pathOf(folder, number)
      const text = JSON.stringify({ ...entry, by: randomUUID() })
      // Where the answer was lost, it is there already, and ours.
      const isOurs = (await files.create(path, text)) || (await files.read(path)) === text
      const there = isOurs ? await numbers() : []
      return there.at(-1) === number ? there : null
    },

    async remove(some: readonly number[]): Promise<void> {
      await files.remove(some.map((each) => pathOf(folder, each)))
    },
  }
}

const fenced = () => new JobError('fenced', 'A newer attempt writes these files now.')
