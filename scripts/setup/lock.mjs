// A lock between processes of this machine: a file that names its holder. The lock of a holder that is gone is void.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { note } from './log.mjs'
import { isAlive, me } from './process.mjs'

const held = new Set()

/** Within one process it may be taken again by whoever holds it: cleaning up after Ctrl-C happens in the middle of things. */
export async function withLock(path, what, run) {
  if (held.has(path)) return run()
  await take(path, what)
  held.add(path)
  try {
    return await run()
  } finally {
    held.delete(path)
    rmSync(path, { force: true })
  }
}

/** At exit; a lock left behind would be found void, but only by looking. */
export function releaseAll() {
  for (const path of held) rmSync(path, { force: true })
}

async function take(path, what) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const mine = `${path}.${process.pid}`
  writeFileSync(mine, JSON.stringify(me()))
  try {
    for (let waits = 0; !tryLink(mine, path); waits += 1) {
      const holder = read(path)
      if (holder && !isAlive(holder)) removeStale(path, holder)
      else {
        if (waits === 10) note(`waiting for process ${holder?.pid ?? '?'}, which is busy with ${what}`)
        await sleep(100)
      }
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** A hard link appears with its content, and only if there is none yet. */
function tryLink(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Two may find the same stale lock; what the slower one moves away may be the faster one's new lock, so it goes back. */
function removeStale(path, stale) {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = read(aside)
  if (moved && (moved.pid !== stale.pid || moved.born !== stale.born)) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
