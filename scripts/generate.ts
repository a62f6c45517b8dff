/**
 * Files that are made from the sources, so that documents and schemas cannot fall behind them: `npm run generate`
 * writes them, `npm run check` calls with --check and fails where one is out of date.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accessPage } from './generate/access.js'
import { connectorPages } from './generate/connectors.js'
import { errorPages } from './generate/errors.js'
import { jobPages } from './generate/job.js'
import { metricsPage } from './generate/metrics.js'
import { openApiFile } from './generate/openapi.js'
import { operatorPage } from './generate/operators.js'
import { settingsPage } from './generate/settings.js'

/** A generator answers files: content by path below docs/reference/. A new one is one line here. */
const generators: readonly (() => Readonly<Record<string, string>>)[] = [
  jobPages,
  operatorPage,
  connectorPages,
  errorPages,
  openApiFile,
  settingsPage,
  metricsPage,
  accessPage,
]

const target = fileURLToPath(new URL('../../docs', import.meta.url))
/** Folders that hold nothing else. */
const folders = ['reference', 'operations/errors']
const made = new Map(
  generators
    .flatMap((generator) => Object.entries(generator()))
    .map(([path, content]) => [posix.join('reference', path), content] as const),
)
process.exitCode = process.argv.includes('--check') ? check() : write()

function write(): number {
  for (const [path, content] of made) {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), content)
  }
  process.stdout.write(`${made.size} files in ${folders.map((folder) => `docs/${folder}/`).join(' and ')}\n`)
  return 0
}

function check(): number {
  const stale = [...made].filter(([path, content]) => present(path) !== content).map(([path]) => path)
  const orphans = folders.flatMap(list).filter((path) => !made.has(path))
  for (const path of stale) process.stdout.write(`docs/${path} is not what the sources say\n`)
  for (const path of orphans) process.stdout.write(`docs/${path} is made by no generator\n`)
  if (stale.length + orphans.length === 0) return 0
  process.stdout.write('Run `npm run generate`, look at the difference, and commit it with the change.\n')
  return 1
}

function present(path: string): string | null {
  try {
    return readFileSync(join(target, path), 'utf8')
  } catch {
    return null
  }
}

function list(folder: string): readonly string[] {
  try {
    const entries = readdirSync(join(target, folder), { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
  } catch {
    return []
  }
}
