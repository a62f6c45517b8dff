/** Private servers that a test may stop and start in the middle of its work: same port, same data. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Connection } from '@temporalio/client'
import { createConnection } from 'mysql2/promise'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { mysqlProgram } from '../../scripts/setup/mysql-program.mjs'
// @ts-expect-error see above
import { freePorts } from '../../scripts/setup/ports.mjs'
// @ts-expect-error see above
import { temporalProgram } from '../../scripts/setup/temporal-program.mjs'
import { until } from './until.js'

export interface Service {
  /** How clients reach it; stays the same over stop and start. */
  readonly address: string
  start(): Promise<void>
  /** At once, as a crash would. */
  kill(): Promise<void>
  /** It takes connections and says nothing, until it may go on. */
  hang(): void
  go(): void
}

/** `more`: options besides; `connect`: how one has to connect then. */
export async function privateMysql(
  folder: string,
  more: readonly string[] = [],
  connect: object = {},
): Promise<Service> {
  const { install, server, env, within } = await mysqlCommands()
  const port = await freePort()
  const data = join(folder, 'mysql')
  await mkdir(data, { recursive: true })
  const own = ['--no-defaults', `--datadir=${within(data)}`, ...(process.getuid?.() === 0 ? ['--user=root'] : [])]
  const launch = ([command, ...before]: Command, ...options: string[]) =>
    spawn(command, [...before, ...own, ...options], { stdio: 'ignore', env: { ...process.env, ...env } })
  await finished(launch(install.command, install.option))
  const address = `mysql://root@127.0.0.1:${port}`
  const options = [`--port=${port}`, '--bind-address=127.0.0.1', '--local-infile=1', '--secure-file-priv=', ...more]
  // A server that starts removes what looks left over in its folder: of /tmp, the temporary tables of every other one.
  options.push(`--tmpdir=${within(folder)}`)
  const ready = async () => {
    const connection = await createConnection({ uri: address, ...connect })
    await connection.end()
  }
  return restartable(address, () => launch(server, ...options, `--socket=${within(join(folder, 'm.sock'))}`), ready)
}

export async function privateTemporal(folder: string): Promise<Service> {
  const program = (await temporalProgram()) as string
  const [port, http, metrics] = [await freePort(), await freePort(), await freePort()]
  const address = `127.0.0.1:${port}`
  const args = [
    ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--log-level', 'error'],
    ...['--port', String(port), '--http-port', String(http), '--metrics-port', String(metrics)],
    ...['--db-filename', join(folder, 'temporal.db')],
    ...['EtlJobId=Keyword', 'EtlStatus=Keyword', 'EtlTrigger=Keyword', 'EtlEpoch=Int'].flatMap((each) => [
      '--search-attribute',
      each,
    ]),
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=10000'],
    ...['--dynamic-config-value', 'history.timerProcessorMaxPollRPS=10000'],
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
  ]
  const ready = async () => {
    const connection = await Connection.connect({ address, connectTimeout: 1000 })
    try {
      await connection.workflowService.describeNamespace({ namespace: 'default' })
    } finally {
      await connection.close()
    }
  }
  return restartable(address, () => spawn(program, args, { stdio: 'ignore' }), ready)
}

type Command = readonly [string, ...string[]]

/** Of this machine; or of the folder that is `/` for another server, in which the test's folder then has to be. */
async function mysqlCommands() {
  const system = process.env.ETL_TEST_MYSQL_ROOT
  if (system) {
    const server: Command = ['chroot', system, 'mysqld']
    const install = { command: server, option: '--initialize-insecure' }
    return { install, server, env: { TMPDIR: '/tmp' }, within: (path: string) => path.slice(system.length) }
  }
  const { server, base, env } = (await mysqlProgram()) as { server: string; base?: string; env?: NodeJS.ProcessEnv }
  const { stdout } = await promisify(execFile)(server, ['--version'], { env: { ...process.env, ...env } })
  const installer = base ? join(base, 'bin', 'mariadb-install-db') : 'mariadb-install-db'
  const install = stdout.includes('MariaDB')
    ? { command: [installer] as Command, option: '--auth-root-authentication-method=normal' }
    : { command: [server] as Command, option: '--initialize-insecure' }
  return { install, server: [server] as Command, env, within: (path: string) => path }
}

export async function freePort(): Promise<number> {
  const [port] = (await freePorts(1)) as [number]
  return port
}

export function restartable(address: string, launch: () => ChildProcess, ready: () => Promise<void>): Service {
  let running: ChildProcess | null = null
  return {
    address,
    start: async () => {
      running = launch()
      await until('the server answers', () => ready().then(() => true), { withinMs: 60_000 })
    },
    kill: async () => {
      const ending = running
      running = null
      if (ending === null || ending.exitCode !== null) return
      ending.kill('SIGKILL')
      await once(ending, 'exit')
      // The port stays taken for a moment.
      await sleep(50)
    },
    hang: () => void running?.kill('SIGSTOP'),
    go: () => void running?.kill('SIGCONT'),
  }
}

async function finished(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${child.spawnfile} ended with ${code}`)
}
