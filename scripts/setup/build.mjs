// Compiles the sources into dist/, bundles the workflows, and puts `etl` where npx finds it. Skipped when nothing changed.
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { withLock } from './lock.mjs'
import { Stop, step } from './log.mjs'
import { lockHash } from './packages.mjs'
import { binary, home, root } from './paths.mjs'
import { run } from './process.mjs'

const dist = join(root, 'dist')
const settings = ['tsconfig.json', 'tsconfig.build.json']
/** Files that the compiler does not carry over. */
const assets = /(\.(sql|json|html|css|yaml)|\/child\.mjs)$/

export async function build() {
  await withLock(join(home, 'lock', 'build'), 'building', async () => {
    linkCommand()
    const sources = listSources()
    const hash = hashOf(sources)
    const stamp = join(dist, '.sources-hash')
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
    rmSync(stamp, { force: true })
    await step('compile', () => compile(sources))
    await bundleWorkflows()
    writeFileSync(stamp, hash)
  })
}

async function compile(sources) {
  removeOrphans(new Set(sources))
  await run(binary('tsc'), ['-p', 'tsconfig.build.json'], { out: 2, err: 2 }).catch(() => {
    throw new Stop('the sources do not compile; see above')
  })
  for (const path of sources.filter((path) => assets.test(path))) {
    mkdirSync(dirname(join(dist, path)), { recursive: true })
    copyFileSync(join(root, path), join(dist, path))
  }
}

/** Workers load the bundle as it is, so that starting one takes no bundler. */
async function bundleWorkflows() {
  const workflowsPath = join(dist, 'workflows', 'index.js')
  if (!existsSync(workflowsPath)) return
  await step('bundle workflows', async () => {
    const { bundleWorkflowCode } = await import('@temporalio/worker')
    const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error }
    const { code } = await bundleWorkflowCode({ workflowsPath, logger: quiet })
    writeFileSync(join(dist, 'workflow-bundle.js'), code)
  })
}

/** Compiled files whose source is gone would still be found by imports. */
function removeOrphans(sources) {
  for (const path of walk(dist, '')) {
    const source = path.replace(/\.js(\.map)?$/, '.ts')
    if (path.includes('/') && !sources.has(source) && !sources.has(path)) rmSync(join(dist, path))
  }
}

export function sourceFolders() {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
  return include.filter((folder) => folder !== 'test' && existsSync(join(root, folder)))
}

function listSources() {
  return sourceFolders()
    .flatMap((folder) => [...walk(join(root, folder), `${folder}/`)])
    .filter((path) => path.endsWith('.ts') || assets.test(path))
}

function* walk(path, prefix) {
  if (!existsSync(path)) return
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* walk(join(path, entry.name), `${prefix}${entry.name}/`)
    else yield prefix + entry.name
  }
}

function hashOf(sources) {
  const hash = createHash('sha256').update(lockHash())
  for (const path of [...settings, ...sources]) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)))
  return hash.digest('hex')
}

function linkCommand() {
  if (existsSync(binary('etl'))) return
  rmSync(binary('etl'), { force: true })
  symlinkSync(join('..', '..', 'bin', 'etl.js'), binary('etl'))
}
