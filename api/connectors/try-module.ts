/** A custom connector before it is enabled: loaded in a process of its own, within a time, and looked at from here. */
import { factsOf } from '../../connectors/custom/adopt.js'
import { findExport } from '../../connectors/custom/find-module.js'
import { JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { describeExport } from '../../functions/describe-export.js'
import type { ConnectorRecord } from '../../models/stores/connector-store.js'
import type { ApiDeps } from '../deps.js'

const TRY_MS = 15_000

/** What the catalogue keeps of it. Throws `connector.unavailable`, saying what is wrong with it. */
export async function tryModule(connectorClass: string, deps: ApiDeps): Promise<ConnectorRecord> {
  const found = findExport(connectorClass, deps.connectorPath)
  const said = await describeExport(found, found.export, TRY_MS)
  if (!said.ok)
    throw new JobError('connector.unavailable', `\`${connectorClass}\` cannot be loaded: ${said.why}`, {
      pointer: '/class',
    })
  if (!said.exports.includes(found.export)) {
    const hint = nearestHint(found.export, said.exports) ?? `It exports: ${said.exports.join(', ') || 'nothing'}.`
    throw new JobError('connector.unavailable', `\`${connectorClass}\` is not exported`, { pointer: '/class', hint })
  }
  const { name, version, summary, schemas, guarantees } = factsOf(said.description)
  return {
    name,
    type: 'CUSTOM',
    class: connectorClass,
    connectorVersion: version,
    description: summary,
    supportsSource: schemas.source !== null,
    supportsSink: schemas.sink !== null,
    configSchema: { ...schemas, guarantees },
    isBuiltin: false,
  }
}
