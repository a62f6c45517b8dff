// Child processes: run one to its end, start one that outlives us, tell whether a recorded one still is the same, end it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { note, Stop } from './log.mjs'
import { root } from './paths.mjs'

const running = new Set()
/** Started by `launch` and not yet in anyone's keeping. */
const launched = new Set()
let ending = false

/**
 * Runs a command to its end. What it says is kept, and shown only if it fails; `out` and `err` send it elsewhere (2 is
 * our standard error). It gets a process group of its own, so that it can be ended with all that it has started.
 */
export async function run(
  command,
  args,
  { out = 'pipe', err = 'pipe', quiet = false, mayFail = false, env, cwd = root, progress } = {},
) {
  refuseWhenEnding()
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', out, err],
    detached: true,
  })
  running.add(child)
  let output = ''
  const keep = (chunk) => {
    output += chunk
    progress?.(String(chunk))
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.code ?? error.message))
    child.on('close', (status, signal) => resolve(status ?? signal))
  })
  running.delete(child)
  if (code !== 0 && !mayFail) {
    if (!quiet && output) for (const line of output.trim().split('\n').slice(-15)) note(line)
    throw new Stop(`\`${[command.split('/').at(-1), ...args].join(' ').slice(0, 120)}\` failed (${code})`)
  }
  return output
}

/** Starts a process of its own group, so that Ctrl-C reaches it only through us, with its output in a file. */
export function launch(command, args, { log, env, cwd = root }) {
  refuseWhenEnding()
  const out = openSync(log, 'a', 0o600)
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
    detached: true,
  })
  child.on('error', () => {})
  child.unref()
  const started = { pid: child.pid ?? 0, born: born(child.pid ?? 0), log }
  launched.add(started)
  return started
}

/** From here on somebody has written down that it runs, and ends it. */
export function isKept({ pid }) {
  for (const started of launched) if (started.pid === pid) launched.delete(started)
}

/** Process ids come again; together with the time of its start an id names one process. */
export function born(pid) {
  if (!pid) return null
  try {
    // Field 22; the second field is the name in parentheses, which may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : fields[19]
  } catch {
    if (process.platform === 'linux') return null
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}

export const me = () => ({ pid: process.pid, born: born(process.pid) })

export const isAlive = (known) => Boolean(known?.pid) && known.born !== null && born(known.pid) === known.born

/** Asks politely, and after the patience runs out does not ask. */
export async function end(known, patienceMs = 10_000) {
  if (!isAlive(known)) return
  process.kill(known.pid, 'SIGTERM')
  const until = Date.now() + patienceMs
  while (isAlive(known) && Date.now() < until) await sleep(50)
  if (isAlive(known)) process.kill(known.pid, 'SIGKILL')
}

/** After a failure: what was launched but not kept would run on unknown. */
export async function endLaunched() {
  await Promise.all([...launched].map((started) => end(started)))
  launched.clear()
}

/** After Ctrl-C: nothing new is started, and what `run` waits for is ended with all that it has started. */
export async function endRunning() {
  ending = true
  const closed = [...running].map((child) => once(child, 'close'))
  for (const child of running) signalGroup(child)
  await Promise.race([Promise.all(closed), sleep(5_000)])
}

function signalGroup(child) {
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch {
    // It is over already.
  }
}

function refuseWhenEnding() {
  if (ending) throw new Stop('interrupted', { exit: 130 })
}
