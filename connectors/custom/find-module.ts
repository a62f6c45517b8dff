/** From `module#export` to its file: below the connector path, or in an installed package, and nowhere else. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join, sep } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'

export interface FoundExport {
  readonly file: string
  /** All that it needs to read to be loaded. */
  readonly folder: string
  /** `default` unless the class names one. */
  readonly export: string
}

/** Throws `connector.unavailable`. `path`: ETL_CONNECTOR_PATH; null: packages only. */
export function findExport(connectorClass: string, path: string | null): FoundExport {
  const match = CLASS.exec(connectorClass)
  if (match === null || connectorClass.split(/[/#]/).includes('..')) throw malformed(connectorClass)
  const [, module = '', name = 'default'] = match
  const found = belowPath(module, path) ?? inPackage(module, path)
  if (found !== null) return { ...found, export: name }
  const where = path === null ? 'no folder is named in ETL_CONNECTOR_PATH' : `it is not below ${path}`
  throw new JobError(
    'connector.unavailable',
    `There is no module \`${module}\`: ${where}, and no such package is there.`,
    {
      pointer: '/class',
      hint: 'Put it into the folder that ETL_CONNECTOR_PATH names, or install the package, where API and workers run.',
    },
  )
}

const CLASS = /^([@\w][\w./@-]*)(?:#([A-Za-z_$][\w$]*))?$/
const EXTENSIONS = ['', '.js', '.mjs', '/index.js', '/index.mjs']

function belowPath(module: string, path: string | null): Omit<FoundExport, 'export'> | null {
  const folder = path === null ? null : realPath(path)
  if (folder === null) return null
  const file = EXTENSIONS.map((extension) => realPath(join(folder, module + extension))).find(isFile)
  // A link must not lead out of it either.
  return file?.startsWith(folder + sep) === true ? { file, folder } : null
}

function inPackage(module: string, path: string | null): Omit<FoundExport, 'export'> | null {
  if (isBuiltin(module)) return null
  const [, name = '', below = ''] = /^((?:@[\w.-]+\/)?[\w.-]+)(\/.+)?$/.exec(module) ?? []
  const here = createRequire(import.meta.url).resolve.paths(name) ?? []
  for (const folder of [...(path === null ? [] : [join(path, 'node_modules')]), ...here]) {
    const root = join(folder, name)
    if (name === '' || !existsSync(join(root, 'package.json'))) continue
    const entry = below === '' ? entryOf(root) : below
    const file = EXTENSIONS.map((extension) => realPath(join(root, entry + extension))).find(isFile)
    if (file !== undefined) return { file, folder: realPath(folder) ?? folder }
  }
  return null
}

/** Where `import 'package'` leads. */
function entryOf(root: string): string {
  const { exports, main = 'index.js' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports?: unknown
    readonly main?: string
  }
  return chosen(exports) ?? main
}

function chosen(exports: unknown): string | null {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return null
  const { '.': whole, node, import: esm, default: other } = exports as Readonly<Record<string, unknown>>
  return chosen(whole) ?? chosen(node) ?? chosen(esm) ?? chosen(other)
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

const isFile = (path: string | null): path is string => path !== null && statSync(path).isFile()

function malformed(connectorClass: string): JobError {
  return new JobError('connector.unavailable', `\`${connectorClass}\` does not name a module and its export.`, {
    pointer: '/class',
    hint: 'Write `module#export`: a file below ETL_CONNECTOR_PATH, or a package; without `#export` its default export.',
  })
}
