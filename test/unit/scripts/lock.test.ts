import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { born, isAlive, me } from '../../../scripts/setup/process.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etl-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const module = new URL('../../../scripts/setup/lock.mjs', import.meta.url).href

/** A process that adds one to a number in a file, reading and writing apart, under the lock. */
function adder(times: number): string {
  return `
    import { readFileSync, writeFileSync } from 'node:fs'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { withLock } from '${module}'
    for (let i = 0; i < ${times}; i++) {
      await withLock('${folder}/lock', 'adding', async () => {
        const n = Number(readFileSync('${folder}/n', 'utf8'))
        await sleep(2)
        writeFileSync('${folder}/n', String(n + 1))
      })
    }`
}

const start = (code: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 20_000 })

describe('lock between processes', () => {
  test('two processes are never inside at once', () => {
    writeFileSync(join(folder, 'n'), '0')
    const both = `
      import { spawn } from 'node:child_process'
      import { once } from 'node:events'
      const run = () => spawn(process.execPath, ['--input-type=module', '-e', process.env.CODE], { stdio: 'inherit' })
      await Promise.all([run(), run(), run()].map((child) => once(child, 'close')))
      console.log((await import('node:fs')).readFileSync('${folder}/n', 'utf8'))`
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', both], {
      encoding: 'utf8',
      env: { ...process.env, CODE: adder(10) },
      timeout: 25_000,
    })
    expect(result.stdout.trim()).toBe('30')
  })

  test('the lock of a holder that is gone is void', () => {
    writeFileSync(join(folder, 'n'), '0')
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 - 7, born: '1' }))
    expect(start(adder(1)).status).toBe(0)
  })

  test('an id that came again for another process does not hold the lock', () => {
    writeFileSync(join(folder, 'n'), '0')
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...me(), born: 'earlier' }))
    expect(start(adder(1)).status).toBe(0)
  })

  test('the lock of a living holder is waited for', async () => {
    writeFileSync(join(folder, 'lock'), JSON.stringify(me()))
    writeFileSync(join(folder, 'n'), '0')
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', adder(1)], { timeout: 700 })
    expect(result.error).toMatchObject({ code: 'ETIMEDOUT' })
  })
})

describe('identity of a process', () => {
  test('a process is alive until it ends, and its birth is stable', async () => {
    expect(isAlive(me())).toBe(true)
    const before = born(process.pid)
    await sleep(20)
    expect(born(process.pid)).toBe(before)
    expect(isAlive({ pid: process.pid, born: 'another' })).toBe(false)
  })
})
