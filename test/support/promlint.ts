/** Prometheus' own reader and lint over a text: what `promtool check metrics` complains of (test/promlint). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { find, isExecutable } from '../../scripts/setup/find.mjs'
// @ts-expect-error see above
import { withLock } from '../../scripts/setup/lock.mjs'
// @ts-expect-error see above
import { folder, home } from '../../scripts/setup/paths.mjs'
// @ts-expect-error see above
import { run } from '../../scripts/setup/process.mjs'

const source = fileURLToPath(new URL('../promlint', import.meta.url))

/** A line each. */
export type Promlint = (text: string) => Promise<readonly string[]>

/** null: it cannot be had here, and why has been said. */
export async function openPromlint(): Promise<Promlint | null> {
  const program = await promlintProgram()
  if (program === null) return null
  return async (text) => {
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk) => (said += String(chunk)))
    child.stdin.end(text)
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`promlint ended with ${code}`)
    return said.split('\n').filter((line) => line !== '')
  }
}

async function promlintProgram(): Promise<string | null> {
  const go = find('go') as string | null
  if (go === null) return without('there is no Go here')
  return await withLock(join(home, 'lock', 'promlint'), 'building promlint', async () => {
    const built = join(folder('promlint') as string, 'promlint')
    if (isExecutable(built)) return built
    const caches = process.env.HOME ? {} : { GOPATH: folder('go'), GOCACHE: folder('go', 'cache') }
    try {
      const env = { GOFLAGS: '', CGO_ENABLED: '0', ...caches }
      await run(go, ['build', '-o', built, '.'], { cwd: source, env })
      return built
    } catch (error) {
      return without(error instanceof Error ? error.message : String(error))
    }
  })
}

function without(reason: string): null {
  console.warn(`Metrics are not held against Prometheus' own lint: ${reason}`)
  return null
}
