// PostgreSQL, for tests: on this machine, or from the system's packages. Never by sudo.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { find } from './find.mjs'
import { note, Stop, step } from './log.mjs'
import { run } from './process.mjs'

/** Answers the folder that holds `initdb` and `postgres`. */
export async function postgresFolder() {
  const present = installed()
  if (present) return present
  if (!find('apt-get') || process.getuid?.() !== 0) throw unavailable('it is not installed')
  await step('install PostgreSQL (apt-get, as root)', async () => {
    // RUNLEVEL=1 keeps package scripts from starting a service that was not there before.
    const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    await run('apt-get', ['update'], { env }).catch(() => note('apt-get update failed; trying with the lists at hand'))
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], { env }).catch((error) =>
      Promise.reject(unavailable(error.message)),
    )
  })
  const got = installed()
  if (!got) throw unavailable('the packages hold no server')
  return got
}

/** Of Debian, one folder for each version; else beside `initdb` on the PATH. */
function installed() {
  const versions = '/usr/lib/postgresql'
  const known = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : []
  const folder = known.map((version) => join(versions, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
  if (folder) return folder
  const program = find('initdb')
  return program && find('postgres') ? join(program, '..') : null
}

const unavailable = (reason) =>
  new Stop(`a PostgreSQL server is needed, and ${reason}`, {
    hint: 'Install postgresql, or set ETL_TEST_POSTGRES_URL to a server that tests may make databases on.',
    exit: 3,
  })
