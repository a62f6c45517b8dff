/** A spec that was read with its secrets masked may be written back: a mask stands for what is stored at its place. */
import { JobError } from '../../core/errors/job-error.js'
import { sameAddress, sentElsewhere } from '../../core/security/secret-address.js'
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
    const position = positions.get(nodeId)
    const pointer = `${pointerTo(['nodes', position?.index ?? 0, 'config'])}${field}`
    return restored(secret, { given: position?.node, stored: node, path: ['config', ...pathOf(field)] }, pointer)
  })
  return mapSecrets(inNodes, null, (_text, pointer, secret) =>
    /^\/nodes\/\d+\/config\//.test(pointer)
      ? secret
      : restored(secret, { given, stored, path: pathOf(pointer) }, pointer),
  ) as Spec
}

interface Place {
  readonly given: unknown
  readonly stored: unknown
  readonly path: readonly string[]
}

function restored(secret: string | number, { given, stored, path }: Place, pointer: string): unknown {
  const before = valueAt(stored, path)
  if (typeof secret === 'number' || secret === before || !secret.includes(MASK)) return secret
  const isKept =
    (typeof before === 'number' && secret === MASK) ||
    (typeof before === 'string' && (secret === MASK || secret === maskText(before)))
  if (!isKept) throw new JobError('config.invalid', 'Give this secret again: none is stored at this place', { pointer })
  if (sameAddress(given, stored, path)) return before
  throw new JobError('config.invalid', 'Give this secret again: the address it goes to has changed', {
    pointer,
    hint: sentElsewhere,
  })
}

function indexNodes(spec: object) {
  const { nodes } = spec as { readonly nodes?: unknown }
  const entries = (Array.isArray(nodes) ? nodes : []).map(
    (node: unknown, index) => [String((node as { id?: unknown } | null)?.id), { node, index }] as const,
  )
  return new Map(entries)
}
