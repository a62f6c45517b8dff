/** A database on this machine must not wait for the process that feeds it: where both want a core, the database has it. */
import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'

const niceness = 5

/** Threads that start later take after the one that starts them. */
export function giveWay(): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, niceness)
    } catch {
      // It has ended, or the system does not let it: then nothing but speed is lost.
    }
  }
}

/** Linux gives every thread a priority of its own; 0 is the whole process elsewhere. */
function threads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [0]
  }
}
