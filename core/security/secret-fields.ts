/**
 * Finds the secrets in a value: by its JSON Schema (`secret: true`), by the names of its keys, and within URLs: passwords, and
 * parameters that are called like secrets.
 */
import { isHarmlessHeader, isSecretParameter, SECRET_PARAMETERS } from './secret-names.js'

/** What answers show in place of a secret; written back, it means "as stored". */
export const MASK = '***'

export interface SchemaNode {
  readonly secret?: unknown
  /** HEADERS: all but those that never hold one. QUERY: those that are called so. */
  readonly secretIn?: unknown
  readonly type?: unknown
  readonly required?: unknown
  readonly enum?: unknown
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: unknown
  readonly items?: unknown
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
}

/** Of something that nobody here knows. */
export const EVERYTHING_SECRET: SchemaNode = { secret: true }

/** `original`: as it was written, where that was a number. */
type Change = (secret: string, pointer: string, original: string | number) => unknown

/** Rebuilds `value` with every secret text replaced by what `change` makes of it. */
export function mapSecrets(value: unknown, schema: SchemaNode | null, change: Change): unknown {
  return map(value, schema === null ? [] : [schema], '', false, change)
}

/** Secrets masked; of a URL only the password. For answers, logs and the audit. */
export function redact(value: unknown, schema: SchemaNode | null = null): unknown {
  return mapSecrets(value, schema, maskText)
}

/** Of what a caller gave and nobody may have checked, as the audit keeps it: a URL without its scheme has a password too. */
export function redactGiven(value: unknown, schema: SchemaNode | null = null): unknown {
  return JSON.parse(JSON.stringify(redact(value, schema) ?? null), (_key, item) =>
    typeof item === 'string' ? item.replace(PASSWORD_BEFORE_HOST, `$1${MASK}@`) : item,
  )
}

/** `mysql://etl:***@host/db`, `https://host/?token=***`; what is no URL with a secret in it is masked whole. */
export function maskText(secret: string): string {
  return hasSecretPart(secret) ? maskParts(secret) : MASK
}

/** What is secret in a URL; every other text is what it says. */
export function maskParts(text: string): string {
  return text
    .replaceAll(new RegExp(PASSWORD_IN_URL, 'gi'), `$1${MASK}@`)
    .replaceAll(new RegExp(SECRET_IN_QUERY, 'gi'), `$1${MASK}`)
}

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** `${secret:NAME}` and `${env:NAME}` name a secret and are none, behind `Bearer` neither. */
export function isReference(text: string): boolean {
  return /^((bearer|basic|token) +)?\$\{(secret|env):[^}]*\}$/i.test(text)
}

const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s@]+@/i
/** `?api_key=word`, behind a host or a path. */
const SECRET_IN_QUERY = new RegExp(`(?<=\\S)([?&;](?:${SECRET_PARAMETERS})=)[^\\s&;#"'\`<>]+`, 'i')
/** `etl:word@host/db`, from the first character on. */
const PASSWORD_BEFORE_HOST = /^([^\s/:@]+:)[^\s@]+@(?=[\w[])/
const SECRET_NAME =
  /(password|passwd|passphrase|secret|credential|authorization|cookie|api[-_]?key|private[-_]?key|access[-_]?key|(^|[-_])token$|[a-z]Token$|^pwd$)/i

function map(
  value: unknown,
  schemas: readonly SchemaNode[],
  pointer: string,
  inSecret: boolean,
  change: Change,
): unknown {
  const nodes = schemas.flatMap(alternatives)
  const secret = inSecret || nodes.some((node) => node.secret === true)
  if (typeof value === 'string') return isSecretText(value, secret) ? change(value, pointer, value) : value
  if (typeof value === 'number' && secret) return change(String(value), pointer, value)
  if (Array.isArray(value)) {
    const items = nodes.map((node) => node.items).filter(isNode)
    return value.map((item, index) => map(item, items, `${pointer}/${index}`, secret, change))
  }
  if (typeof value !== 'object' || value === null) return value
  const within = nodes.map((node) => node.secretIn)
  const isSecretKey = (key: string) =>
    isSecretName(key) ||
    (within.includes('HEADERS') && !isHarmlessHeader(key)) ||
    (within.includes('QUERY') && isSecretParameter(key))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const below = nodes.map((node) => node.properties?.[key] ?? node.additionalProperties).filter(isNode)
      const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      return [key, map(item, below, at, secret || isSecretKey(key), change)]
    }),
  )
}

function isSecretText(text: string, secret: boolean): boolean {
  if (isReference(text)) return false
  if (secret) return text !== ''
  // `mysql://etl:${secret:SHOP}@host/db`: all of its password is a reference.
  return hasSecretPart(text.replaceAll(/\$\{(secret|env):[^}]*\}/g, ''))
}

const hasSecretPart = (text: string): boolean => PASSWORD_IN_URL.test(text) || SECRET_IN_QUERY.test(text)

export function alternatives(node: SchemaNode): readonly SchemaNode[] {
  return [node, ...[node.anyOf, node.oneOf, node.allOf].flatMap((branches) => (branches ?? []).flatMap(alternatives))]
}

export function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null
}
