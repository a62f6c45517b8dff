// The fuzzer schemathesis, for tests: named, or put from PyPI into a folder of its own.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { find, isExecutable } from './find.mjs'
import { withLock } from './lock.mjs'
import { note, Stop, step } from './log.mjs'
import { folder, home } from './paths.mjs'
import { run } from './process.mjs'

const version = '4.32.5'

/** null: it cannot be had here, and why has been said. */
export async function fuzzProgram() {
  const named = process.env.ETL_TEST_SCHEMATHESIS
  if (named && !isExecutable(named)) {
    throw new Stop(`ETL_TEST_SCHEMATHESIS names ${named}, which is not a program`, { exit: 3 })
  }
  if (named) return named
  return await withLock(join(home, 'lock', 'schemathesis'), 'getting schemathesis', async () => {
    const place = join(folder('schemathesis'), version)
    const program = join(place, 'venv', 'bin', 'schemathesis')
    return isExecutable(program) ? program : (await install(place)) ? program : null
  })
}

/** Programs of a Python environment hold its path: it is made where it stays, and taken away when it is not whole. */
async function install(place) {
  const python = find('python3')
  if (!python) {
    note('no schemathesis: there is no python3 here')
    return false
  }
  try {
    await step(`get schemathesis ${version} (PyPI)`, async () => {
      rmSync(place, { recursive: true, force: true })
      await run(python, ['-m', 'venv', join(place, 'venv')])
      const pip = join(place, 'venv', 'bin', 'pip')
      const options = ['--disable-pip-version-check', '--timeout', '20', '--retries', '1']
      await run(pip, ['install', ...options, `schemathesis==${version}`])
    })
    return true
  } catch (error) {
    note(`no schemathesis: ${error.message}`)
    rmSync(place, { recursive: true, force: true })
    return false
  }
}
