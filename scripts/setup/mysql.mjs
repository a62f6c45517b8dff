// A private MySQL-compatible server: own folder, free port, a password that only its owner can read.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { find } from './find.mjs'
import { step } from './log.mjs'
import { mysqlProgram } from './mysql-program.mjs'
import { answers, freePorts, untilReady } from './ports.mjs'
import { launch, run } from './process.mjs'

/** Answers what the stack file keeps: how to reach it, and how to end it. `memory`: where its data goes for as long as it runs. */
export async function startMysql(directory, memory = null) {
  const program = await mysqlProgram()
  const maria = (await run(program.server, ['--version'], { env: program.env })).includes('MariaDB')
  const own = mkdtempSync(join(memory ?? tmpdir(), 'etl-mysql-'))
  const data = join(memory === null ? directory : own, 'mysql')
  try {
    if (!existsSync(data)) await step('prepare a private MySQL', () => initialise(program, maria, data))
    return await step('start MySQL', async () => {
      const [port] = await freePorts(1)
      const password = newPassword()
      const accounts = join(directory, 'mysql-accounts.sql')
      writeFileSync(accounts, accountsFor(password), { mode: 0o600 })
      try {
        // Not the /tmp of others: a MariaDB that starts removes the temporary tables that it finds there.
        const given = [...options(maria, data, port, own), `--tmpdir=${own}`, ...(memory === null ? [] : inMemory)]
        const args = [...common(program), ...given, `--init-file=${accounts}`]
        const started = launch(program.server, args, { log: join(directory, 'mysql.log'), env: program.env })
        await untilReady('MySQL', started, () => answers('127.0.0.1', port, { speaksFirst: true }))
        const url = `mysql://etl:${password}@127.0.0.1:${port}/etl`
        return [{ ...started, port, url, remove: own }, `127.0.0.1:${port}`]
      } finally {
        rmSync(accounts, { force: true })
      }
    })
  } catch (error) {
    rmSync(own, { recursive: true, force: true })
    throw error
  }
}

/** What it takes from a disk only. */
const inMemory = ['--innodb-flush-method=fsync', '--innodb-use-native-aio=0']

/** For tests, which make databases of their own. */
export function serverOf(url) {
  const server = new URL(url)
  server.pathname = ''
  return server.href
}

/** The data folder takes its name when it is complete, so an interrupted set-up begins again. */
async function initialise(program, maria, data) {
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  if (maria) {
    const script = program.base
      ? join(program.base, 'bin', 'mariadb-install-db')
      : find('mariadb-install-db', 'mysql_install_db')
    const own = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve']
    await run(script, [...common(program), ...own, `--datadir=${unfinished}`], { env: program.env })
  } else {
    await run(program.server, [...common(program), '--initialize-insecure', `--datadir=${unfinished}`], {
      env: program.env,
    })
  }
  renameSync(unfinished, data)
}

/** `--no-defaults` must come first. The server refuses to run as root unless it is told that this is meant. */
function common(program) {
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  return ['--no-defaults', ...asRoot, ...(program.base ? [`--basedir=${program.base}`] : [])]
}

export function options(maria, data, port, socketFolder) {
  const pool = Math.min(1024, Math.floor(totalmem() / 8 / 2 ** 20))
  return [
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(socketFolder, 'mysql.sock')}`,
    `--pid-file=${join(socketFolder, 'mysql.pid')}`,
    '--skip-name-resolve',
    '--local-infile=1',
    '--character-set-server=utf8mb4',
    '--max-connections=500',
    `--innodb-buffer-pool-size=${pool}M`,
    // As durable as a production server, or its speed would say nothing.
    '--innodb-flush-log-at-trx-commit=1',
    ...(maria ? ['--innodb-log-file-size=512M'] : ['--innodb-redo-log-capacity=1G', '--mysqlx=OFF', '--skip-log-bin']),
  ]
}

export const newPassword = () => randomBytes(18).toString('base64url')

/** Runs at every start, before the server takes connections: nobody gets in without this start's password. */
export function accountsFor(password) {
  const open = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase()]
  const drops = open.flatMap((host) => [`''@'${host}'`, ...(host === 'localhost' ? [] : [`'root'@'${host}'`])])
  return [
    `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}'`,
    `DROP USER IF EXISTS ${drops.join(', ')}`,
    `CREATE USER IF NOT EXISTS 'etl'@'127.0.0.1'`,
    `ALTER USER 'etl'@'127.0.0.1' IDENTIFIED BY '${password}'`,
    `GRANT ALL PRIVILEGES ON *.* TO 'etl'@'127.0.0.1' WITH GRANT OPTION`,
    'CREATE DATABASE IF NOT EXISTS etl CHARACTER SET utf8mb4',
    '',
  ].join(';\n')
}
