// Ports of 127.0.0.1: which are free, and whether something answers.

import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { note, Stop } from './log.mjs'
import { isAlive } from './process.mjs'

/** All are held until all are known, so that they differ. */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

const listen = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })

/** A MySQL server speaks first; of others it is enough that they take the connection. */
export function answers(host, port, { speaksFirst = false, timeoutMs = 2_000 } = {}) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const close = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => speaksFirst || close(true))
    socket.on('data', () => close(true))
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => close(false))
  })
}

/** Waits until a process that we started is ready; if it ends before, the end of its log says why. */
export async function untilReady(what, started, isReady, patienceMs = 60_000) {
  const until = Date.now() + patienceMs
  while (!(await isReady())) {
    const dead = !isAlive(started)
    if (dead || Date.now() > until) {
      for (const line of readFileSync(started.log, 'utf8').trim().split('\n').slice(-15)) note(line)
      throw new Stop(dead ? `${what} ended at once` : `${what} was not ready after ${patienceMs / 1000} s`, {
        hint: `Its whole log: ${started.log}`,
        exit: 3,
      })
    }
    await sleep(100)
  }
}

/** A server that was configured by an address must be there; we start another one only if none was named. */
export async function demand(variable, host, port, options) {
  if (await answers(host, port, options)) return
  throw new Stop(`${variable} names ${host}:${port}, where nothing answers`, {
    hint: `Start that server, or unset ${variable} to get a private one.`,
    exit: 3,
  })
}
