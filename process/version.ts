import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Of package.json, which lies one folder up from the sources and two from the build. */
export function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const file = fileURLToPath(new URL(place, import.meta.url))
    if (existsSync(file)) return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version)
  }
  return 'unknown'
}
