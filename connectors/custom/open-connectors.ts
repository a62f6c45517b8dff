/** Custom connectors in this process: loaded when first needed, and only what has been tried and enabled. */
import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { JobError } from '../../core/errors/job-error.js'
import type { Connector } from '../spi.js'
import { adopt, factsOf } from './adopt.js'
import { findExport } from './find-module.js'
import type { CustomFacts } from './spi.js'

/** As the catalogue has it. */
export interface RegisteredConnector {
  /** `module#export` */
  readonly class: string
  /** What it said of itself when it was tried; null: whatever it says is believed (`etl run`). */
  readonly tried: Pick<CustomFacts, 'version' | 'schemas'> | null
  readonly isEnabled: boolean
}

export interface Connectors {
  /** Those of this version, and custom ones as they are loaded: the list grows. */
  readonly list: readonly Connector[]
  /**
   * Throws `connector.unavailable` where one of them is registered and cannot be had: disabled, of another version, not to
   * be loaded. What nobody has registered is left to whoever misses it.
   */
  need(names: readonly string[]): Promise<void>
}

/** How long what the catalogue said is believed. */
const believedMs = 3_000

export function openConnectors(
  own: readonly Connector[],
  lookUp: (name: string) => Promise<RegisteredConnector | null>,
  path: string | null,
): Connectors {
  const list = [...own]
  const loaded = new Map<string, { readonly connector: Connector; readonly of: string; readonly atMs: number }>()
  const replace = (name: string, connector: Connector | null) => {
    const at = list.findIndex((one) => one.name === name)
    list.splice(at < 0 ? list.length : at, at < 0 ? 0 : 1, ...(connector === null ? [] : [connector]))
  }
  const renew = async (name: string) => {
    const before = loaded.get(name)
    if (before !== undefined && Date.now() - before.atMs < believedMs) return
    const registered = await lookUp(name)
    const of = JSON.stringify(registered)
    try {
      const connector = before?.of === of ? before.connector : await load(name, registered, path)
      replace(name, connector)
      if (connector === null) loaded.delete(name)
      else loaded.set(name, { connector, of, atMs: Date.now() })
    } catch (error) {
      loaded.delete(name)
      replace(name, null)
      throw error
    }
  }
  return {
    list,
    need: async (names) => {
      for (const name of new Set(names)) if (!own.some((one) => one.name === name)) await renew(name)
    },
  }
}

async function load(name: string, registered: RegisteredConnector | null, path: string | null) {
  if (registered === null) return null
  if (!registered.isEnabled)
    throw new JobError('connector.unavailable', `The connector ${name} is disabled.`, {
      hint: `An ADMIN enables it: etl connectors enable ${name}`,
    })
  const exported = await importExport(registered.class, path)
  const facts = factsOf(exported)
  const { version, schemas } = registered.tried ?? facts
  if (facts.name === name && facts.version === version) return adopt(exported, schemas)
  const found = `${facts.name} ${facts.version}`
  throw new JobError('connector.unavailable', `${registered.class} is ${found} here; ${name} ${version} is needed.`, {
    hint: `Install the same version everywhere; an ADMIN has a new one tried: etl connectors enable ${name}`,
  })
}

/** A file that has changed is another module. */
async function importExport(connectorClass: string, path: string | null): Promise<unknown> {
  const { file, export: name } = findExport(connectorClass, path)
  try {
    const module = (await import(`${pathToFileURL(file).href}?${statSync(file).mtimeMs}`)) as Record<string, unknown>
    return module[name]
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new JobError('connector.unavailable', `\`${connectorClass}\` cannot be loaded: ${why}`, { cause })
  }
}
