// The steps of `npm run check`. Each answers `[value, detail]` or throws; what a tool says goes to standard error.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { note, Stop } from '../setup/log.mjs'
import { binary, root } from '../setup/paths.mjs'
import { run } from '../setup/process.mjs'

const shown = { out: 2, err: 2 }

export const format = () => run(binary('biome'), ['check', '--diagnostic-level=error', '.'], shown).then(nothing)

export const types = () => run(binary('tsc'), ['-p', 'tsconfig.json'], shown).then(nothing)

/** dependency-cruiser is content when it has seen nothing at all; we are not. */
export async function imports() {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
  const folders = include.filter((folder) => existsSync(join(root, folder)))
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders]
  const { summary } = JSON.parse(await run(binary('depcruise'), args))
  if (summary.totalCruised === 0) throw new Stop('no module was looked at')
  for (const { rule, from, to } of summary.violations) note(`${rule.name}: ${from} -> ${to}`)
  if (summary.error > 0)
    throw new Stop(`${summary.error} imports break a rule; each is explained in .dependency-cruiser.cjs`)
  return [null, `${summary.totalCruised} modules`]
}

export const deadCode = () => run(binary('knip'), ['--no-progress'], shown).then(nothing)

export const generated = () =>
  run(process.execPath, [join(root, 'dist', 'scripts', 'generate.js'), '--check'], shown).then(nothing)

/** Somebody's home folder in a file works on one machine only. */
export async function paths() {
  const files = (await run('git', ['ls-files', '-z']))
    .split('\0')
    .filter((path) => path && !/\.(parquet|png|ico)$/.test(path))
  const personal = /(?<![\w.:/-])\/(home\/(?!node\b)\w+|Users\/\w+|root|work)\/[\w.-]+/
  const found = files.flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((line, index) => (personal.test(line) ? [`${path}:${index + 1}: ${personal.exec(line)[0]}`] : [])),
  )
  for (const line of found) note(line)
  if (found.length > 0) throw new Stop(`${found.length} lines name a path of somebody's machine`)
  return [null, `${files.length} files`]
}

/** A registry that cannot be asked says nothing about our dependencies, so that alone is no failure. */
export async function audit() {
  const args = ['audit', '--omit=dev', '--audit-level=high', '--json']
  const answer = await run('npm', args, { err: 'ignore', mayFail: true })
  const report = parse(answer)
  if (!report?.metadata)
    return [null, `not asked: ${report?.message ?? report?.error?.summary ?? 'the registry is out of reach'}`]
  const { high, critical, total } = report.metadata.vulnerabilities
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) note(`${severity}: ${name} ${range}`)
  if (high + critical > 0) throw new Stop(`${high + critical} known vulnerabilities of high or critical severity`)
  return [null, total === 0 ? 'nothing known' : `${total} of low or moderate severity`]
}

function parse(text) {
  try {
    return JSON.parse(text.slice(text.indexOf('{')))
  } catch {
    return null
  }
}

const nothing = () => [null, '']
