/** Where a secret goes: whoever may change that without knowing the secret must not have it sent elsewhere. */
import { MASK, maskParts } from './secret-fields.js'

type Fields = Readonly<Record<string, unknown>>

export const sentElsewhere = '`***` keeps a secret for the hosts that it was given for.'

/** Does what stands at `path`, or beside what holds it, still lead to the same hosts? */
export function sameAddress(given: unknown, stored: unknown, path: readonly string[]): boolean {
  let [now, before]: readonly unknown[] = [given, stored]
  for (const key of path) {
    if (!isFields(now) || !isFields(before)) return false
    if (!sameAddresses(now, before)) return false
    now = now[key]
    before = before[key]
  }
  return true
}

function sameAddresses(now: Fields, before: Fields): boolean {
  const names = [...Object.keys(now), ...Object.keys(before)].filter((name) => ADDRESS_NAME.test(name))
  return names.every((name) => now[name] === MASK || addressOf(now[name]) === addressOf(before[name]))
}

/** What holds fields of its own is looked at where its secrets are. */
function addressOf(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value.map(addressOf))
  return isFields(value) ? '' : hostOf(String(value))
}

/** `https://host:443/a` and `https://u:w@host/b` are one; what is no URL, or may be read in two ways, is what it says. */
function hostOf(given: string): string {
  const text = maskParts(given)
  if (/^\/(?!\/)[^\\]*$/.test(text)) return 'below'
  if (/[\\\s]/.test(text) || !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return text
  const { protocol, host, search } = new URL(text)
  return `${protocol}//${host}${/^https?:/.test(protocol) ? '' : search}`.toLowerCase()
}

const ADDRESS_NAME =
  /^connection$|(ur[il]|endpoints?|hosts?|hostname|ports?|brokers?|servers?|serverName|address(es)?|prox(y|ies)|domain)$/i

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
