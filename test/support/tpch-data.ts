/** The tables of TPC-H as Parquet, made once by a generator from PyPI and kept under .etl/. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('../../.etl/', import.meta.url))
const release = '4.0.0'

/** The folder with the files, or why there is none. */
export function tpchData(scale: number): { readonly folder: string } | { readonly missing: string } {
  const folder = join(home, 'tpch', String(scale))
  if (existsSync(folder)) return { folder }
  const environment = join(home, 'tpch', 'python')
  const generator = join(environment, 'bin', 'tpchgen-cli')
  try {
    mkdirSync(join(home, 'tpch'), { recursive: true })
    if (!existsSync(generator)) {
      run('python3', ['-m', 'venv', environment])
      run(join(environment, 'bin', 'pip'), ['install', '--quiet', `tpchgen-cli==${release}`])
    }
    const made = `${folder}.${process.pid}`
    run(generator, ['parquet', '--scale-factor', String(scale), '--output-dir', made])
    renameSync(made, folder)
    return { folder }
  } catch (error) {
    rmSync(environment, { recursive: true, force: true })
    return { missing: `TPC-H data could not be made: ${(error as Error).message}` }
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 120_000 })
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr}`)
}
