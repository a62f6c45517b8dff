// npm run dev: the stack of the demo, built and started anew whenever a source changes.
import { watch } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build, sourceFolders } from './setup/build.mjs'
import { complain, say } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'
import { root } from './setup/paths.mjs'
import { provideAgain, withStack } from './setup/stack.mjs'

await main(async () => {
  await packages()
  await build()
  await withStack('main', ['mysql', 'temporal', 'worker', 'api'], async (stack) => {
    say(`\nAPI docs ${stack.api.url}/api/v1/docs   Temporal Web UI ${stack.temporal.ui ?? stack.temporal.address}`)
    say(`admin / ${stack.api.adminPassword}   Ctrl-C stops everything\n`)
    for (const name of ['worker.log', 'api.log']) follow(join(stack.directory, name))
    for await (const _ of changes()) {
      await build().then(
        () => provideAgain('main', ['worker', 'api']),
        (error) => complain(error.message),
      )
    }
  })
})

/** Yields once sources have changed and then been quiet for a moment. */
async function* changes() {
  let changed = false
  const mark = () => {
    changed = true
  }
  const watchers = sourceFolders().map((folder) => watch(join(root, folder), { recursive: true }, mark))
  try {
    for (;;) {
      await sleep(300)
      if (!changed) continue
      changed = false
      await sleep(200)
      if (!changed) yield
    }
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}

/** What is added to a log from now on. */
async function follow(path) {
  const file = await open(path, 'r')
  let at = (await stat(path)).size
  for (;;) {
    const { bytesRead, buffer } = await file.read({ position: at, buffer: Buffer.alloc(65_536) })
    at += bytesRead
    process.stderr.write(buffer.subarray(0, bytesRead))
    if (bytesRead === 0) await sleep(300, undefined, { ref: false })
  }
}
