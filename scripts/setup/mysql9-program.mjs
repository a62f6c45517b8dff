// A MySQL 9 server out of Debian's unstable packages, in a folder of its own: no other release of Debian or Ubuntu has it.
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { find } from './find.mjs'
import { note, Stop, step } from './log.mjs'
import { run } from './process.mjs'

const wanted = 'mysql-server-core,mysql-client-core'
const dockerCommand =
  'docker run -d -p 3306:3306 -e MYSQL_ROOT_PASSWORD=etl mysql:9 --local-infile=1\n' +
  '  ETL_MYSQL_URL=mysql://root:etl@127.0.0.1:3306/etl npm test -- test/integration test/conformance'

/** Answers the folder that is `/` for the server. */
export async function mysql9Program(directory) {
  const system = join(directory, 'sid')
  if (process.getuid?.() !== 0) throw unavailable('it takes root to make a Debian system in a folder and chroot there')
  if (existsSync(join(system, 'usr', 'sbin', 'mysqld'))) return system
  if (!find('debootstrap')) await installDebootstrap()
  await step('get MySQL 9 (debootstrap of Debian sid, 650 MB)', () => bootstrap(system))
  return system
}

async function installDebootstrap() {
  if (!find('apt-get')) throw unavailable('there is neither debootstrap nor apt-get here')
  await step('install debootstrap (apt-get, as root)', async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update'], { env }).catch(() => note('apt-get update failed; trying with the lists at hand'))
    await run('apt-get', ['install', '-y', 'debootstrap', 'debian-archive-keyring'], { env }).catch(refuse)
  })
}

/** The system takes its name when it is complete, so an interrupted set-up begins again. */
async function bootstrap(system) {
  const unfinished = `${system}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const args = ['--variant=minbase', `--include=${wanted}`, '--force-check-gpg', 'sid', unfinished]
  // It mounts /proc and /sys in the folder. In a namespace of their own they are gone with it, however it ends, and
  // the next `rmSync` meets files alone. Where there may be no namespace, there may be no mounts either.
  const apart = await run('unshare', ['--mount', 'true'], { quiet: true }).then(
    () => ['unshare', '--mount', 'debootstrap'],
    () => ['debootstrap'],
  )
  const [command, ...before] = apart
  await run(command, [...before, ...args]).catch(refuse)
  rmSync(join(unfinished, 'var', 'cache', 'apt', 'archives'), { recursive: true, force: true })
  renameSync(unfinished, system)
}

function refuse(error) {
  throw unavailable(error.message)
}

const unavailable = (reason) =>
  new Stop(`no MySQL 9 to test with: ${reason}`, {
    hint: `Run it as root on Debian or Ubuntu, or run the tests on a server that you have. With Docker:\n  ${dockerCommand}`,
    exit: 3,
  })
