// A private MySQL 9 server: in a chroot, on a free port, with data of its own for each start.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { step } from './log.mjs'
import { accountsFor, newPassword, options } from './mysql.mjs'
import { mysql9Program } from './mysql9-program.mjs'
import { answers, freePorts, untilReady } from './ports.mjs'
import { launch, run } from './process.mjs'

/** As seen from inside. */
const data = '/var/lib/mysql'
const sockets = '/run/mysqld'
const accounts = '/var/lib/mysql-accounts.sql'
/** The folder for temporary files that is named outside need not be there inside. */
const env = { TMPDIR: '/tmp' }

/** Answers what the stack file keeps; `system` is the folder that is `/` for the server. */
export async function startMysql9(directory) {
  const system = await mysql9Program(directory)
  const mysqld = ['mysqld', '--no-defaults', '--user=root', `--datadir=${data}`]
  const version = await step('prepare a private MySQL 9', async () => {
    // What an earlier run left behind when it was killed is of no use to this one.
    rmSync(join(system, data), { recursive: true, force: true })
    for (const path of [data, sockets]) mkdirSync(join(system, path), { recursive: true })
    await run('chroot', [system, ...mysqld, '--initialize-insecure'], { env })
    const said = await run('chroot', [system, 'mysqld', '--version'], { env })
    return [/Ver (\S+)/.exec(said)?.[1], said.trim()]
  })
  return step('start MySQL 9', async () => {
    const [port] = await freePorts(1)
    const password = newPassword()
    writeFileSync(join(system, accounts), accountsFor(password), { mode: 0o600 })
    try {
      const args = [...options(false, data, port, sockets), '--secure-file-priv=', `--init-file=${accounts}`]
      const log = join(directory, 'mysql.log')
      const started = launch('chroot', [system, ...mysqld, ...args], { log, env })
      await untilReady('MySQL 9', started, () => answers('127.0.0.1', port, { speaksFirst: true }))
      const url = `mysql://etl:${password}@127.0.0.1:${port}/etl`
      return [{ ...started, port, url, system, version, remove: join(system, data) }, `${version}, 127.0.0.1:${port}`]
    } finally {
      rmSync(join(system, accounts), { force: true })
    }
  })
}
