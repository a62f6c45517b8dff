import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { openScratch } from '../../../worker/scratch.js'

test('what a killed worker of this machine left is cleared away, and nothing else', async () => {
  const home = await mkdtemp(join(tmpdir(), 'etl-home-'))
  try {
    const leave = async (name: string) => await mkdir(join(home, 'scratch', name, 'session'), { recursive: true })
    // A process number that no system gives.
    await leave(`worker-${hostname()}-99999999-abc`)
    await leave(`worker-${hostname()}-${process.pid}-abc`)
    await leave(`worker-${hostname()}-${process.ppid}-abc`)
    await leave('worker-elsewhere-99999999-abc')
    const own = await openScratch(home)
    const kept = [`worker-${hostname()}-${process.ppid}-abc`, 'worker-elsewhere-99999999-abc', basename(own)]
    expect((await readdir(join(home, 'scratch'))).sort()).toEqual(kept.sort())
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
