// Node packages: installed when the lock file is not the one they were installed from.
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { Stop, step } from './log.mjs'
import { home, root } from './paths.mjs'
import { run } from './process.mjs'

const modules = join(root, 'node_modules')
const stamp = join(modules, '.etl-lock-hash')

export async function packages() {
  checkNode()
  if (isCurrent()) return
  refuseLink()
  await withLock(join(home, 'lock', 'packages'), 'installing packages', async () => {
    if (isCurrent()) return
    await step('install packages (npm ci)', async () => {
      await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']).catch((error) => {
        throw new Stop('the packages could not be installed', {
          hint: `${error.message}. Is the npm registry reachable? (npm ping)`,
          exit: 3,
        })
      })
      writeFileSync(stamp, lockHash())
    })
  })
}

export const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

function isCurrent() {
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === lockHash()
  return installedByHand()
}

/** `npm install` leaves its own copy of the lock file, without the root's entry; the packages in both must be the same. */
function installedByHand() {
  const own = join(modules, '.package-lock.json')
  if (!existsSync(own)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(own, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  )
}

/** `npm ci` would empty the folder that it leads to, which others may be using. */
function refuseLink() {
  if (!lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return
  throw new Stop('node_modules is a symbolic link, and installing would empty the folder that it leads to', {
    hint: 'Remove the link (rm node_modules), and run this again.',
    exit: 3,
  })
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new Stop(`this needs Node 20.19 or newer; it runs on ${process.version}`, {
    hint: 'See https://nodejs.org',
    exit: 3,
  })
}
