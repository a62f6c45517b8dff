/** Child processes of a run, each with a log of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Child {
  readonly pid: number
  readonly log: string
  readonly process: ChildProcess
  /** Resolves when it has ended well. */
  ended(): Promise<void>
}

export async function start(
  children: Child[],
  script: string,
  args: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv,
): Promise<Child> {
  const out = openSync(log, 'a')
  const spawned = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', out, out] })
  await once(spawned, 'spawn')
  const child: Child = {
    pid: spawned.pid!,
    log,
    process: spawned,
    ended: async () => {
      if (!isOver(spawned)) await once(spawned, 'exit')
      if (spawned.exitCode !== 0) throw new Error(`${script} ${args.join(' ')} failed:\n${readFileSync(log, 'utf8')}`)
    },
  }
  children.push(child)
  return child
}

/** Asks them to stop, in the reverse of their order, and insists after a while. */
export async function endAll(children: readonly Child[]): Promise<void> {
  for (const { process: child } of [...children].reverse()) {
    if (isOver(child)) continue
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await Promise.race([exited, sleep(10_000, undefined, { ref: false })])
    if (!isOver(child)) child.kill('SIGKILL')
  }
}

/** Asks again until it is so, as long as the process that it depends on lives. */
export async function until(what: string, of: Child | null, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    if (await isSo().catch(() => false)) return
    if (of !== null && isOver(of.process))
      throw new Error(`Its process has ended: ${what}\n${readFileSync(of.log, 'utf8')}`)
    if (Date.now() > deadline) throw new Error(`Not so after a minute: ${what}`)
    await sleep(50)
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const isOver = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null
