// Programs on PATH, and where systems keep their servers, which often is not on a user's PATH.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const more = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
  '/usr/local/go/bin',
]

export function find(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...more]
  for (const name of names) {
    const path = folders.map((folder) => join(folder, name)).find(isExecutable)
    if (path) return path
  }
  return null
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
