/** What is wrong with a value for a setting, in a sentence; null: nothing. */
import { KNOWN_SETTINGS } from '../../schema/known-settings.js'

type Type = keyof typeof NAMES

/** Of a setting, what its values are held against. */
interface Typed {
  readonly key: string
  readonly type: Type
  readonly least: number | null
  readonly most: number | null
  readonly oneOf: readonly string[] | null
  readonly encrypted: boolean
}

export function settingProblem({ key, type, least, most, oneOf, encrypted }: Typed, text: string): string | null {
  const told = encrypted ? 'what was given' : JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)
  if (!isOfType(type, text)) return `The setting ${key} is ${NAMES[type]}; ${told} is not.`
  const value = Number(text)
  if (type === 'INT' && least !== null && value < least)
    return `The setting ${key} is at least ${least}; ${told} is less.`
  if (type === 'INT' && most !== null && value > most) return `The setting ${key} is at most ${most}; ${told} is more.`
  if (oneOf !== null && !oneOf.includes(text))
    return `The setting ${key} is one of ${oneOf.join(', ')}; ${told} is not.`
  const known = KNOWN_SETTINGS.find((setting) => setting.key === key)
  if (known?.pattern === undefined || new RegExp(known.pattern).test(text)) return null
  return `The setting ${key} does not take ${told}: ${known.description}.`
}

const NAMES = { STRING: 'a text', INT: 'a whole number', BOOLEAN: 'true or false', JSON: 'JSON' } as const

function isOfType(type: Type, text: string): boolean {
  if (type === 'INT') return /^-?\d{1,15}$/.test(text)
  if (type === 'BOOLEAN') return /^(true|false)$/.test(text)
  return type === 'STRING' || isJson(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
