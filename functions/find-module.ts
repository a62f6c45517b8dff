/** From the name of a module to its file below the function path, and nowhere else (DESIGN section 11). */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { JobError } from '../core/errors/job-error.js'
import { nearestHint } from '../core/spec/nearest.js'

export interface FoundModule {
  readonly file: string
  /** All that its process may read. */
  readonly folder: string
}

/** Throws `config.invalid` with the pointer `/module`. */
export function findModule(name: string, path: string | null): FoundModule {
  if (path === null)
    throw notFound('No functions are offered here.', 'Name their folder in ETL_FUNCTION_PATH, where the worker runs.')
  const folder = realPath(path)
  if (folder === null) throw notFound(`The function path ${path} does not exist.`, 'Make it, or set ETL_FUNCTION_PATH.')
  const file = ['', ...EXTENSIONS].map((extension) => realPath(join(folder, name + extension))).find(isFile)
  // A link must not lead out of it either.
  if (file === undefined || !file.startsWith(folder + sep)) {
    const known = modulesIn(folder)
    const hint = nearestHint(name, known) ?? (known.length === 0 ? 'There is none.' : `There are: ${shown(known)}.`)
    throw notFound(`There is no module \`${name}\` below the function path.`, hint)
  }
  if (/\.m?ts$/.test(file) && !stripsTypes)
    throw notFound(
      `\`${name}\` is TypeScript, which Node ${process.versions.node} does not run.`,
      'Compile it to JavaScript, or run on Node 22.18 or newer.',
    )
  return { file, folder }
}

const EXTENSIONS = ['.js', '.mjs', '.ts', '.mts']

/** Since Node 22.18, without a flag. */
const stripsTypes = Boolean((process.features as { readonly typescript?: unknown }).typescript)

function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

const isFile = (path: string | null): path is string => path !== null && statSync(path).isFile()

/** More would help nobody. */
const mostKnown = 1_000

/** As a job names them. */
function modulesIn(folder: string): string[] {
  const found: string[] = []
  const pending = [folder]
  for (let at = pending.shift(); at !== undefined && found.length < mostKnown; at = pending.shift())
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      const path = join(at, entry.name)
      if (entry.isDirectory()) pending.push(path)
      else if (EXTENSIONS.some((extension) => entry.name.endsWith(extension)) && !entry.name.endsWith('.d.ts'))
        found.push(relative(folder, path).replace(/\.\w+$/, ''))
    }
  return found.sort()
}

const shown = (names: readonly string[]) => names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '')

function notFound(message: string, hint: string): JobError {
  return new JobError('config.invalid', message, { pointer: '/module', hint })
}
