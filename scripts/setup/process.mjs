// Child processes: run one to its end, start one that outlives us, tell whether a recorded one still is the same, end it.
import { execFileSync, spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { note, Stop } from './log.mjs'
import { root } from './paths.mjs'

const running = new Set()

/** Runs a command to its end. Its output is shown (`show`), or kept and shown only if it fails. */
export async function run(command, args, { show = false, env, cwd = root, progress, input } = {}) {
  const stdio = [input === undefined ? 'ignore' : 'pipe', show ? 2 : 'pipe', show ? 2 : 'pipe']
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio })
  running.add(child)
  child.stdin?.end(input)
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-200_000)
    progress?.(String(chunk))
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.code ?? error.message))
    child.on('close', (status, signal) => resolve(status ?? signal))
  })
  running.delete(child)
  if (code !== 0) {
    for (const line of output.trim().split('\n').slice(-15)) note(line)
    throw new Stop(`\`${[command.split('/').at(-1), ...args].join(' ').slice(0, 120)}\` failed (${code})`)
  }
  return output
}

/** Starts a process of its own group, so that Ctrl-C reaches it only through us, with its output in a file. */
export function launch(command, args, { log, env, cwd = root }) {
  const out = openSync(log, 'a', 0o600)
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
    detached: true,
  })
  child.on('error', () => {})
  child.unref()
  return { pid: child.pid ?? 0, born: born(child.pid ?? 0), log }
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

/** Ends what `run` still has running: on Ctrl-C. */
export function endRunning() {
  for (const child of running) child.kill('SIGTERM')
}
