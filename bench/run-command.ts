/** A job from the shell, without any server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './benchmark.js'
import { boundFigure, elapsed } from './figures.js'
import { launcher } from './rig.js'
import { trivialJob } from './start.js'

export const runCommand: Benchmark = {
  name: 'run',
  ours: '`etl run` of a job that takes one record from a CSV file to another',
  raw: 'a Node program that has DuckDB copy that file',
  rounds: 5,
  prepare: async ({ files, environment }) => {
    const spec = join(files, 'run.yaml')
    await writeFile(spec, JSON.stringify(await trivialJob({ files }, 'run')))
    const copy = fileURLToPath(new URL('./raw/copy-file.js', import.meta.url))
    return {
      ours: async () => ({ ms: await timed([launcher, 'run', spec, '--json'], environment) }),
      raw: async () => ({
        ms: await timed([copy, join(files, 'run.csv'), join(files, 'run-raw.csv')], environment),
      }),
    }
  },
  judge: (pairs) => [boundFigure(pairs, { ...elapsed, below: 1.5 })],
}

async function timed(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now()
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${args.join(' ')} failed (${code}): ${said}`)
  return performance.now() - began
}
