/** A spec that was read with its secrets masked may be written back: a mask stands for what is stored at its place. */
import { JobError } from '../../core/errors/job-error.js'
import { MASK, mapSecrets, maskText } from '../../core/security/secret-fields.js'
import { type ConfigSchemas, mapSpecSecrets } from '../../core/security/spec-secrets.js'
import { pathOf, pointerTo, valueAt } from '../../core/spec/pointer.js'

type Spec = Readonly<Record<string, unknown>>

/** Of a node by its id, because nodes may have changed places; of all else by its place. */
export function restoreMasked(given: Spec, stored: object, schemas: ConfigSchemas): Spec {
  const before = indexNodes(stored)
  const positions = indexNodes(given)
  const inNodes = mapSpecSecrets(given, schemas, (secret, { nodeId, field }) => {
    const node = before.get(nodeId)?.node
    const pointer = `${pointerTo(['nodes', positions.get(nodeId)?.index ?? 0, 'config'])}${field}`
    return restored(secret, valueAt(node, ['config', ...pathOf(field)]), pointer)
  })
  return mapSecrets(inNodes, null, (_text, pointer, secret) =>
    /^\/nodes\/\d+\/config\//.test(pointer) ? secret : restored(secret, valueAt(stored, pathOf(pointer)), pointer),
  ) as Spec
}

function restored(secret: string | number, before: unknown, pointer: string): unknown {
  if (typeof secret === 'number' || !secret.includes(MASK)) return secret
  if (typeof before === 'number' && secret === MASK) return before
  if (typeof before === 'string' && (secret === before || secret === MASK || secret === maskText(before))) return before
  throw new JobError('config.invalid', 'Give this secret again: none is stored at this place', { pointer })
}

function indexNodes(spec: object) {
  const { nodes } = spec as { readonly nodes?: unknown }
  const entries = (Array.isArray(nodes) ? nodes : []).map(
    (node: unknown, index) => [String((node as { id?: unknown } | null)?.id), { node, index }] as const,
  )
  return new Map(entries)
}
