// The outermost call of every script: what it throws becomes one line and an exit code, and Ctrl-C leaves nothing behind.
import { releaseAll } from './lock.mjs'
import { complain, mute, Stop, say } from './log.mjs'
import { endRunning } from './process.mjs'

const cleanups = new Set()
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

export async function main(run) {
  for (const signal of Object.keys(signals)) process.on(signal, interrupt)
  try {
    process.exitCode = (await run(process.argv.slice(2))) ?? 0
  } catch (error) {
    if (error instanceof Stop) {
      complain(error.message)
      if (error.hint) say(error.hint)
      process.exitCode = error.exit
    } else {
      complain(error?.stack ?? String(error))
      process.exitCode = 1
    }
  } finally {
    for (const signal of Object.keys(signals)) process.off(signal, interrupt)
  }
}

/** Calls `clean` on Ctrl-C; answers how to take that back. */
export function onInterrupt(clean) {
  cleanups.add(clean)
  return () => cleanups.delete(clean)
}

let interrupted = false

async function interrupt(signal) {
  if (interrupted) return
  interrupted = true
  say('interrupted: stopping what was started')
  mute()
  await endRunning()
  for (const clean of cleanups) await clean().catch(() => {})
  releaseAll()
  process.exit(signals[signal])
}
