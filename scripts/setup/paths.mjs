// Where things are: the checkout, and the folder for everything that is made at run time.
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')
export const home = resolve(root, process.env.ETL_HOME || '.etl')

/** A folder under ETL_HOME that only its owner may read: logs and addresses hold passwords of private servers. */
export function folder(...parts) {
  const path = join(home, ...parts)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}

export const binary = (name) => join(root, 'node_modules', '.bin', name)
