// npm run bench [-- names]: every benchmark beside the raw limit of the same machine in the same run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './setup/build.mjs'
import { Stop } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'
import { root } from './setup/paths.mjs'
import { run } from './setup/process.mjs'
import { environment } from './setup/services.mjs'
import { withStack } from './setup/stack.mjs'

await main(async (args) => {
  await packages()
  await build()
  const bench = join(root, 'dist', 'bench', 'main.js')
  if (!existsSync(bench)) throw new Stop('there are no benchmarks yet (bench/main.ts)')
  await withStack('bench', ['mysql', 'temporal'], (stack) =>
    run(process.execPath, [bench, ...args], { out: 1, err: 2, env: environment(stack) }),
  )
})
