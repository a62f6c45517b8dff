/** How variables of the environment are read: what is wrong is collected, so that one error names all of it. */
import { readFileSync } from 'node:fs'
import { parseDuration, parseSize } from '../core/spec/duration.js'

export type Variables = Readonly<Record<string, string | undefined>>
/** The variable as `parse` understands it; `fallback` where it is not set. */
export type Read = <T>(name: string, parse: (text: string) => T, fallback: () => T) => T

/** What `parse` throws is a problem of that name. */
export function reader(variables: Variables, problems: string[]): Read {
  return (name, parse, fallback) => {
    const text = variables[name]?.trim()
    try {
      return text === undefined || text === '' ? fallback() : parse(text)
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`)
      return fallback()
    }
  }
}

export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null || ms <= 0) throw new Error('must be a duration such as 500ms, 10s or 2m, 36500d at most')
  return ms
}

export function size(text: string): number {
  const bytes = parseSize(text)
  if (bytes === null || bytes <= 0) throw new Error('must be a size such as 512KiB or 4MiB')
  return bytes
}

export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`must be a number from ${least} to ${most}`)
  }
}

export function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new Error('must be a port number, 0 to 65535')
  return value
}

export function yesOrNo(text: string): boolean {
  if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true
  if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return false
  throw new Error('must be true or false')
}

/** Of a file that can be read. */
export function readablePath(text: string): string {
  readFileSync(text)
  return text
}

/** Between commas. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export function hosts(text: string): readonly string[] {
  const all = listOf(text)
  if (all.every((item) => /^[\w.:[\]-]+(\/\d{1,3})?$/.test(item))) return all
  throw new Error('must name hosts, addresses and ranges, with commas between them: files.example, 10.0.0.0/8')
}
