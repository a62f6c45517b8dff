/** `etl secrets`, `etl keys` and `etl config`, for ADMIN. */
import { JobError } from '../../core/errors/job-error.js'
import { standardInput } from '../ask.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { table } from '../output.js'

interface Secret {
  readonly name: string
  readonly description: string | null
  readonly updatedAt: string
}

export async function secrets({ output, variables }: Context): Promise<void> {
  const items = await connect(variables).all<Secret>('/secrets')
  const rows = items.map((one) => [one.name, one.updatedAt, one.description])
  output.result({ items }, () => table(['secret', 'changed', 'description'], rows))
}

/** The value comes on standard input: arguments can be read by others, and stay in the shell's history. */
export async function setSecret(
  { output, variables }: Context,
  name: string,
  options: { readonly description?: string },
): Promise<void> {
  if (process.stdin.isTTY === true) output.note(`Type the value of ${name}, then Ctrl-D:`)
  const value = await standardInput()
  if (value === '')
    throw new JobError('usage.invalid', 'No value came on standard input', {
      hint: `printf %s VALUE | etl secrets set ${name}`,
    })
  const { description = null } = options
  const saved = await connect(variables).send<Secret>('PUT', `/secrets/${encodeURIComponent(name)}`, {
    value,
    description,
  })
  output.result(saved, () => `${name} is set; specs name it as \${secret:${name}}`)
}

export async function deleteSecret({ output, variables }: Context, name: string): Promise<void> {
  await connect(variables).send('DELETE', `/secrets/${encodeURIComponent(name)}`)
  output.result({ name, deleted: true }, () => `${name} deleted`)
}

interface Rotated {
  readonly keyId: string
  readonly connections: number
  readonly secrets: number
  readonly jobs: number
  readonly settings: number
  readonly alertRules: number
  readonly unreadable: readonly { readonly kind: string; readonly name: string }[]
}

/** Exit code 1 where something could not be read: its key must not go yet. */
export async function rotateKeys({ output, variables }: Context): Promise<number> {
  const done = await connect(variables).send<Rotated>('POST', '/keys/rotate')
  const { keyId, connections, secrets, jobs, settings, alertRules, unreadable } = done
  const lost = unreadable.map(({ kind, name }) => `\nno key reads the ${kind.toLowerCase()} ${name}`).join('')
  const counts = `${connections} connections, ${secrets} secrets, ${jobs} jobs, ${settings} settings and ${alertRules} alert rules`
  const written = `${counts} are encrypted anew, with key ${keyId}`
  output.result(done, () => written + lost)
  return unreadable.length === 0 ? 0 : 1
}

interface Setting {
  readonly key: string
  readonly value: string | null
  readonly type: string
  readonly description: string | null
  readonly readonly: boolean
  readonly encrypted: boolean
  readonly isSet: boolean
  readonly least: number | null
  readonly most: number | null
  readonly oneOf: readonly string[] | null
  readonly version: number
}

export async function config({ output, variables }: Context, options: { readonly group?: string }): Promise<void> {
  const { items } = await connect(variables).get<{ items: readonly Setting[] }>('/system-configs', {
    group: options.group,
  })
  const rows = items.map((one) => [one.key, shownValue(one), rangeOf(one), one.description])
  output.result({ items }, () => table(['setting', 'value', 'range', 'what it is'], rows))
}

export async function getConfig({ output, variables }: Context, key: string): Promise<void> {
  const found = await connect(variables).get<Setting>(`/system-configs/${encodeURIComponent(key)}`)
  output.result(found, () => shownValue(found))
}

/** Of an encrypted one the value comes on standard input, as `-`. */
export async function setConfig({ output, variables }: Context, key: string, given: string): Promise<void> {
  const client = connect(variables)
  const value = given === '-' ? await standardInput() : given
  const path = `/system-configs/${encodeURIComponent(key)}`
  const { version } = await client.get<Setting>(path)
  const saved = await client.send<Setting>('PUT', path, { value, version })
  output.result(saved, () => `${key} = ${shownValue(saved)}`)
}

const shownValue = ({ value, encrypted, isSet }: Setting): string =>
  encrypted ? (isSet ? '(set)' : '') : (value ?? '')

function rangeOf({ type, readonly, least, most, oneOf }: Setting): string {
  if (readonly) return `${type}, read-only`
  if (oneOf !== null) return oneOf.join(' | ')
  return least === null && most === null ? type : `${type} ${least ?? ''}..${most ?? ''}`
}
