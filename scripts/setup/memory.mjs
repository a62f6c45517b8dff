// Where tests write: in memory where there is room. They ask what was written, not whether it outlives the machine, and on
// a disk they mostly wait for it: an empty catalogue alone asks for 1,500 syncs.
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { onInterrupt } from './main.mjs'

const place = '/dev/shm'
const GiB = 2 ** 30
/** Twice what they have at most at one time, and as much again for what computes meanwhile. */
const room = 6 * GiB
const free = 10 * GiB

/** null: there is too little, or `TMPDIR` says where temporary files belong. */
export function memoryPlace() {
  if (process.env.TMPDIR) return null
  try {
    const { bavail, bsize } = statfsSync(place)
    const available = process.availableMemory?.() ?? freemem()
    return bavail * bsize >= room && Math.min(available, freemem()) >= free ? place : null
  } catch {
    return null
  }
}

/** Calls `run` with the environment of processes whose temporary files go there; nothing of them stays. */
export async function withMemory(run) {
  const memory = memoryPlace()
  if (memory === null) return await run({})
  const folder = mkdtempSync(join(memory, 'etl-test-'))
  // A server that will not run as root has its own folder in it.
  chmodSync(folder, 0o711)
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const forget = onInterrupt(async () => remove())
  try {
    return await run({ TMPDIR: folder })
  } finally {
    remove()
    forget()
  }
}
