// The MySQL-compatible server program: on this machine, or from the system's packages. Never by sudo.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { find } from './find.mjs'
import { note, Stop, step } from './log.mjs'
import { folder, home } from './paths.mjs'
import { run } from './process.mjs'

/** The core packages hold the server alone: they start no service and make no user. */
const wanted = ['mariadb-server-core', 'mariadb-client-core']
const dockerCommand =
  'docker run -d -p 3306:3306 -e MYSQL_ROOT_PASSWORD=etl -e MYSQL_DATABASE=etl mysql:8.4 --local-infile=1' +
  '  and  export ETL_MYSQL_URL=mysql://root:etl@127.0.0.1:3306/etl'

/** `base` is set for a program that was unpacked rather than installed: it has to be told where its files are. */
export async function mysqlProgram() {
  const present = installed() ?? unpacked()
  if (present) return present
  if (!find('apt-get')) throw unavailable('there is no apt-get here to get one with')
  const got = process.getuid?.() === 0 ? await install() : await unpack()
  if (!got) throw unavailable('the packages hold no server')
  return got
}

function installed() {
  const server = find('mariadbd', 'mysqld')
  return server ? { server, base: null, env: {} } : null
}

async function install() {
  await step('install MariaDB (apt-get, as root)', async () => {
    // RUNLEVEL=1 keeps package scripts from starting a service that was not there before.
    const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    const get = (...names) => run('apt-get', ['install', '-y', '--no-install-recommends', ...names], { env })
    await run('apt-get', ['update'], { env }).catch(() => note('apt-get update failed; trying with the lists at hand'))
    // Older releases name the core packages by version; there the whole server it is.
    await get(...wanted)
      .catch(() => get('mariadb-server'))
      .catch((error) => Promise.reject(unavailable(error.message)))
  })
  return installed()
}

const target = () => join(home, 'mariadb')

function unpacked() {
  const base = join(target(), 'usr')
  const server = ['sbin/mariadbd', 'sbin/mysqld'].map((path) => join(base, path)).find((path) => existsSync(path))
  if (!server) return null
  const libraries = [join(base, 'lib'), join(target(), 'lib')].filter((path) => existsSync(path))
  const nested = libraries.flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.includes('-linux-'))
      .map((name) => join(path, name)),
  )
  const search = [...nested, ...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':')
  return { server, base, env: { LD_LIBRARY_PATH: search } }
}

/** Without root: package lists and archives of our own, unpacked beside everything else that is ours. */
async function unpack() {
  await step('unpack MariaDB under .etl/ (apt-get download, no root needed)', async () => {
    const apt = folder('apt')
    for (const part of ['lists/partial', 'cache/archives/partial']) folder('apt', part)
    const own = ['-o', `Dir::State::Lists=${apt}/lists`, '-o', `Dir::Cache=${apt}/cache`, '-o', 'Debug::NoLocking=1']
    try {
      await run('apt-get', [...own, 'update'])
      const plan = await run('apt-get', [...own, '-s', 'install', '--no-install-recommends', ...wanted])
      const names = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1])
      await run('apt-get', [...own, 'download', ...names], { cwd: apt })
      for (const file of readdirSync(apt).filter((name) => name.endsWith('.deb'))) {
        await run('dpkg', ['-x', join(apt, file), folder('mariadb')])
      }
    } catch (error) {
      throw unavailable(error.message)
    }
  })
  return unpacked()
}

const unavailable = (reason) =>
  new Stop(`a MySQL-compatible server is needed, and ${reason}`, {
    hint: `Install mariadb-server (or MySQL 8), or set ETL_MYSQL_URL to a server you have. With Docker:\n  ${dockerCommand}`,
    exit: 3,
  })
