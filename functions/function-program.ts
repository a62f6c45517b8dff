import { fileURLToPath } from 'node:url'
import type { Program } from './child-process.js'

const script = fileURLToPath(new URL('./child.mjs', import.meta.url))

/** It reads its own folder; it writes no files and starts no processes. Secrets of this process are out of its reach. */
export function functionProgram(folder: string): Program {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  return { script, cwd: folder, flags: [permission, `--allow-fs-read=${folder}/*`, `--allow-fs-read=${script}`] }
}
