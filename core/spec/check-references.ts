import type { Problem } from '../errors/problem.js'
import { isObject } from './outline.js'
import { normaliseValue } from './parameter-values.js'
import { referenceFault, references } from './parameters.js'
import { pointerTo } from './pointer.js'
import type { ParameterType } from './settings.js'

/** Every `${…}` names something, and every default fits the type of its parameter. */
export function checkReferences(raw: Readonly<Record<string, unknown>>): Problem[] {
  const declared = isObject(raw.parameters) ? Object.keys(raw.parameters) : []
  const places: Place[] = []
  collect(raw.nodes, ['nodes'], null, places)
  collect(raw.edges, ['edges'], null, places)
  if (isObject(raw.schedule)) collect(raw.schedule.parameters, ['schedule', 'parameters'], null, places)
  const faults = places.flatMap(({ path, nodeId, text }) =>
    references(text).flatMap((placed): Problem[] => {
      // Whether a text is SQL is known only to the schema of its field; resolving looks again.
      const fault = referenceFault(placed, declared, false)
      return fault === null ? [] : [{ pointer: pointerTo(path), nodeId, code: 'spec.invalid', ...fault }]
    }),
  )
  return [...faults, ...checkDefaults(raw.parameters)]
}

interface Place {
  readonly path: readonly (string | number)[]
  readonly nodeId: string | null
  readonly text: string
}

function collect(value: unknown, path: readonly (string | number)[], nodeId: string | null, places: Place[]): void {
  if (typeof value === 'string') {
    if (value.includes('${')) places.push({ path, nodeId, text: value })
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const id =
        path.length === 1 && path[0] === 'nodes' && isObject(item) && typeof item.id === 'string' ? item.id : nodeId
      collect(item, [...path, index], id, places)
    }
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) collect(item, [...path, key], nodeId, places)
  }
}

function checkDefaults(parameters: unknown): Problem[] {
  if (!isObject(parameters)) return []
  return Object.entries(parameters).flatMap(([name, declaration]): Problem[] => {
    if (!isObject(declaration) || declaration.default === undefined || !TYPES.has(String(declaration.type))) return []
    try {
      normaliseValue(name, declaration.type as ParameterType, declaration.default)
      return []
    } catch (error) {
      const { message, hint } = error as { message: string; hint?: string }
      return [
        {
          pointer: pointerTo(['parameters', name, 'default']),
          nodeId: null,
          code: 'spec.invalid',
          message,
          hint: hint ?? null,
        },
      ]
    }
  })
}

const TYPES = new Set(['STRING', 'INT', 'DECIMAL', 'BOOLEAN', 'DATE', 'TIMESTAMP'])
