import { createHash } from 'node:crypto'
import type { FilePosition } from './position.js'

/** 64 bits, as 11 characters: of a million files two are taken for one with a chance of 1 to 30 million. */
const length = 11

const short = (path: string) => createHash('sha256').update(path).digest('base64url').slice(0, length)

/** All files of a position, read or not, in few bytes: whoever watches a folder for a year carries them along. */
export function namesOf({ files, read = '' }: Pick<FilePosition, 'files' | 'read'>): string {
  return read + files.map(({ path }) => short(path)).join('')
}

/** Whether a file is among them. */
export function isAmong(names: string): (path: string) => boolean {
  const all = new Set<string>()
  for (let at = 0; at < names.length; at += length) all.add(names.slice(at, at + length))
  return (path) => all.has(short(path))
}
