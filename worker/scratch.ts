/** The folder where a worker keeps what it works on: gone with it, and with a killed one when the next begins. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

export async function openScratch(home: string): Promise<string> {
  const parent = join(home, 'scratch')
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent))
    if (isLeft(name)) await rm(join(parent, name), { recursive: true, force: true })
  return await mkdtemp(join(parent, `${prefix}${process.pid}-`))
}

/** A home may be shared by machines: each clears up after itself. */
const prefix = `worker-${hostname()}-`

/** Of this machine, and of a process that is no more; one with our own number lived before us. */
function isLeft(name: string): boolean {
  if (!name.startsWith(prefix)) return false
  const pid = Number(/^(\d+)-/.exec(name.slice(prefix.length))?.[1] ?? Number.NaN)
  return Number.isInteger(pid) && (pid === process.pid || !isAlive(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
