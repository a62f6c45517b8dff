/** What the engine works with when there is no server: this machine, this user, the working directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findExport } from '../../connectors/custom/find-module.js'
import { openConnectors } from '../../connectors/custom/open-connectors.js'
import { connectors } from '../../connectors/index.js'
import { JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { EngineParts } from '../../engine/engine.js'
import { functionsBelow } from '../../functions/open-functions.js'
import { operators } from '../../operators/index.js'
import { openStore } from '../../storage/open-store.js'
import { readDefinitions } from '../definitions.js'

export interface LocalOptions {
  /** File of connection documents. */
  readonly connections?: string | undefined
  /** Folder of the checkpoint store; without it one that goes with the process. */
  readonly storage?: string | undefined
}

const LEAST_MEMORY = 512 * 1024 ** 2

export function localParts(options: LocalOptions = {}): EngineParts {
  const scratch = temporaryFolder()
  const connections = readConnections(options.connections)
  const known = localConnectors(process.env.ETL_CONNECTOR_PATH?.trim() || null)
  return {
    connectors: known.list,
    needConnectors: known.need,
    operators,
    functions: functionsBelow(resolve(process.env.ETL_FUNCTION_PATH || 'functions'), 'STDERR'),
    store: openStore(pathToFileURL(options.storage ?? join(scratch, 'store')).href),
    connection: async (name) => {
      const found = connections.get(name)
      if (found !== undefined) return found
      const hint =
        nearestHint(name, [...connections.keys()]) ?? 'Give a file of connection documents with --connections FILE.'
      throw new JobError('not.found', `There is no connection ${name}`, { hint })
    },
    secret: async (name) => {
      throw new JobError('not.found', `There is no secret ${name}: secrets are kept on a server`, {
        hint: `Without one, use \${env:ETL_VAR_${name.toUpperCase().replaceAll(/\W/g, '_')}}.`,
      })
    },
    environment: process.env,
    files: { fileRoots: null, base: process.cwd(), privateHosts: null },
    scratch,
    memoryLimitBytes: Math.max(LEAST_MEMORY, Math.floor(totalmem() * 0.5)),
    threads: availableParallelism(),
  }
}

/** Without a catalogue a custom connector is the module of its name: below ETL_CONNECTOR_PATH, or a package installed there. */
function localConnectors(path: string | null) {
  const lookUp = async (name: string) => {
    try {
      return path !== null && findExport(name, path) && { class: name, tried: null, isEnabled: true }
    } catch {
      return null
    }
  }
  return openConnectors(connectors, async (name) => (await lookUp(name)) || null, path)
}

function readConnections(file: string | undefined): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  if (file === undefined) return new Map()
  const documents = readDefinitions([file]).filter((one) => one.kind === 'connection')
  return new Map(documents.map(({ value }) => [String(value.name), (value.config ?? {}) as Record<string, unknown>]))
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etl-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
