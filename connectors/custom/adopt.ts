/** From what a module exports to a connector: is it one, and what does it say of itself? */
import { configOf } from '../../core/config/schema.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Connector } from '../spi.js'
import type { ConfigSchemaSet, CustomConnector, CustomFacts, JsonSchema } from './spi.js'

/** Where a function was, in an export that comes from another process. */
export const FUNCTION = '[function]'

/** Throws `connector.unavailable` with everything that is missing. `exported`: the export, or what stands for it in JSON. */
export function factsOf(exported: unknown): CustomFacts {
  const missing = [...faultsOf(exported)]
  if (missing.length > 0)
    throw new JobError('connector.unavailable', `It exports no connector: ${missing.join('; ')}.`, {
      pointer: '/class',
      hint: 'docs/custom-connectors.md says what one looks like.',
    })
  const { name, version, summary, connection, source, sink } = exported as CustomConnector
  const schemas = {
    connection: connection?.config ?? null,
    source: source?.config ?? null,
    sink: sink?.config ?? null,
  }
  for (const [side, schema] of Object.entries(schemas)) if (schema !== null) readable(side, schema)
  const guarantees = { source: source?.guarantees ?? null, sink: sink?.guarantees ?? null }
  return { name, version, summary, schemas, guarantees }
}

/** With the schemas that it was tried with: they validate what is submitted, whatever the module says by now. */
export function adopt(exported: unknown, schemas: ConfigSchemaSet): Connector {
  const { name, summary, connection, source, sink } = exported as CustomConnector
  return {
    name,
    summary,
    ...(connection &&
      schemas.connection && { connection: { ...connection, config: readable('connection', schemas.connection) } }),
    ...(source && schemas.source && { source: { ...source, config: readable('source', schemas.source) } }),
    ...(sink && schemas.sink && { sink: { ...sink, config: readable('sink', schemas.sink) } }),
  }
}

function readable(side: string, schema: JsonSchema) {
  try {
    return configOf(schema)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The JSON Schema of its ${side} cannot be used: ${why}`
    throw new JobError('connector.unavailable', message, { pointer: '/class', cause })
  }
}

function* faultsOf(exported: unknown): Generator<string> {
  if (!isObject(exported)) return yield 'it is no object'
  const { name, version, summary, connection, source, sink } = exported
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{1,62}$/.test(name))
    yield '`name` has to be lower-case letters, digits and dashes'
  if (typeof version !== 'string' || version === '' || version.length > 64) yield '`version` has to be a short text'
  if (typeof summary !== 'string' || summary === '') yield '`summary` has to say what it is'
  if (source === undefined && sink === undefined) yield 'it has neither `source` nor `sink`'
  if (connection !== undefined) yield* faultsOfSide('connection', connection, ['check'], [])
  if (source !== undefined) yield* faultsOfSide('source', source, ['open'], ['replayable', 'parallel'])
  if (sink !== undefined) yield* faultsOfSide('sink', sink, ['open'], ['exactlyOnce', 'upsert', 'parallel'])
}

function* faultsOfSide(
  side: string,
  given: unknown,
  functions: readonly string[],
  guarantees: readonly string[],
): Generator<string> {
  if (!isObject(given)) return yield `\`${side}\` is no object`
  if (!isObject(given.config) || given.config.type !== 'object')
    yield `\`${side}.config\` has to be the JSON Schema of an object`
  for (const name of functions) if (!isFunction(given[name])) yield `\`${side}.${name}\` has to be a function`
  for (const name of guarantees)
    if (typeof (given.guarantees as Record<string, unknown> | undefined)?.[name] !== 'boolean')
      yield `\`${side}.guarantees.${name}\` has to be true or false`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isFunction = (value: unknown): boolean => typeof value === 'function' || value === FUNCTION
