#!/usr/bin/env node
// Starts the command line of this checkout, and builds it first where that was never done, or broken off.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
// What a build writes last.
const stamp = new URL('../dist/.sources-hash', import.meta.url)

if (!existsSync(main) || !existsSync(stamp)) build()
// Node 22 keeps compiled code between runs; Node 20 has no such thing.
nodeModule.enableCompileCache?.()
await import(main.href)

/** Standard output belongs to the command, so the build speaks on standard error. */
function build() {
  console.error('etl: dist/ is missing or incomplete, building first')
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] })
  if (status !== 0 || !existsSync(main)) {
    console.error('etl: the build failed; see above')
    process.exit(3)
  }
}
