/** One run at a time in a state folder: a file that names its holder. The lock of a process that is gone is void. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'

interface Holder {
  readonly pid: number
  /** When it was started, as the system counts it: process ids come again. */
  readonly born: string | null
}

/** Throws `conflict` while another process holds the folder. What it gives takes the lock back. */
export async function lockState(folder: string): Promise<() => void> {
  const lock = join(folder, 'lock')
  const mine = `${lock}.${process.pid}`
  const me: Holder = { pid: process.pid, born: bornOf(process.pid) }
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(mine, JSON.stringify(me))
  } catch (cause) {
    const hint = 'Name a folder of yours with --state.'
    throw new JobError('environment.invalid', `The folder ${folder} cannot be written.`, { hint, cause })
  }
  try {
    // A hard link appears with its content, and only if there is none yet.
    while (!tryLink(mine, lock)) {
      const holder = readHolder(lock)
      if (holder !== null && isAlive(holder)) {
        throw new JobError('conflict', `Process ${holder.pid} is running a job in ${folder}.`, {
          hint: 'Wait until it has ended, or name another folder with --state.',
        })
      }
      setAside(lock, holder)
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return () => rmSync(lock, { force: true })
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Two may find the same void lock: what the slower one moves may be the faster one's new lock, which goes back. */
function setAside(lock: string, stale: Holder | null): void {
  const aside = `${lock}.void.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved !== null && (moved.pid !== stale?.pid || moved.born !== stale.born)) tryLink(aside, lock)
  rmSync(aside, { force: true })
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return null
  }
}

function isAlive({ pid, born }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return bornOf(pid) === born
}

/** null: the system does not tell. */
function bornOf(pid: number): string | null {
  try {
    const facts = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name, which may hold anything.
    return facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
