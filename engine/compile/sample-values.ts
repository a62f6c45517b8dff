/** What `${…}` stands for while a job is only looked at: values that were given, defaults, or anything of the right type. */
import { isObject } from '../../core/spec/outline.js'
import { normaliseValue } from '../../core/spec/parameter-values.js'
import { type PlacedReference, references } from '../../core/spec/parameters.js'
import type { ParameterDeclaration, ParameterType } from '../../core/spec/settings.js'
import type { Values } from '../resolve-config.js'

const SAMPLES: Readonly<Record<ParameterType, string>> = {
  STRING: '',
  INT: '0',
  DECIMAL: '0',
  BOOLEAN: 'false',
  DATE: '2000-01-01',
  TIMESTAMP: '2000-01-01 00:00:00',
}

export interface SampleValues {
  readonly values: Values
  /** Parameters that only a start will give a value. */
  readonly open: ReadonlySet<string>
}

export function sampleValues(
  raw: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, string>>,
  logicalTime: string,
): SampleValues {
  const declarations = readDeclarations(raw.parameters)
  const open = Object.keys(declarations).filter(
    (name) => given[name] === undefined && declarations[name]!.default === null,
  )
  const samples = open.map((name) => [name, SAMPLES[declarations[name]!.type]])
  return {
    values: {
      parameters: { ...given, ...Object.fromEntries(samples) },
      declarations,
      logicalTime,
      executionId: 'none',
      event: sampleEvent(raw.nodes),
      now: null,
      job: {
        mode: raw.type === 'STREAMING' ? 'STREAMING' : 'BATCH',
        delivery: raw.delivery === 'AT_LEAST_ONCE' ? 'AT_LEAST_ONCE' : 'EXACTLY_ONCE',
      },
    },
    open: new Set(open),
  }
}

/** Texts of a config that name what only an execution knows, as written. */
export function openReferences(config: unknown, open: ReadonlySet<string>): string[] {
  const unknown = allReferences(config).filter(
    ({ reference }) => reference.kind === 'event' || (reference.kind === 'parameter' && open.has(reference.name)),
  )
  return unknown.map(({ text }) => text)
}

/** An event with an empty text in every field that the nodes name. */
function sampleEvent(nodes: unknown): Record<string, unknown> {
  const event: Record<string, unknown> = {}
  for (const { reference } of allReferences(nodes)) {
    if (reference.kind !== 'event') continue
    let at = event
    for (const key of reference.path.slice(0, -1)) {
      if (!isObject(at[key])) at[key] = {}
      at = at[key] as Record<string, unknown>
    }
    at[reference.path.at(-1)!] ??= ''
  }
  return event
}

function allReferences(value: unknown): PlacedReference[] {
  if (typeof value === 'string') return references(value)
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(allReferences)
}

/** Read from a spec that may be wrong elsewhere. */
function readDeclarations(parameters: unknown): Record<string, ParameterDeclaration> {
  if (!isObject(parameters)) return {}
  const found: Record<string, ParameterDeclaration> = {}
  for (const [name, declaration] of Object.entries(parameters)) {
    if (!isObject(declaration) || !Object.hasOwn(SAMPLES, String(declaration.type))) continue
    const type = declaration.type as ParameterType
    found[name] = { type, default: readDefault(name, type, declaration.default), description: null }
  }
  return found
}

function readDefault(name: string, type: ParameterType, value: unknown): string | null {
  if (value === undefined || value === null) return null
  try {
    return normaliseValue(name, type, value)
  } catch {
    return null
  }
}
