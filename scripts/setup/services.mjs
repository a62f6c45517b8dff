// What a stack can consist of, in the order in which one needs the other. A service that an ETL_… variable names is
// used as it is; the others are started here.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startKafka } from './kafka.mjs'
import { Stop, step } from './log.mjs'
import { memoryPlace } from './memory.mjs'
import { startMysql } from './mysql.mjs'
import { startMysql9 } from './mysql9.mjs'
import { home, root } from './paths.mjs'
import { answers, demand, freePorts, untilReady } from './ports.mjs'
import { launch, run } from './process.mjs'
import { startTemporal } from './temporal.mjs'

const etl = join(root, 'bin', 'etl.js')
/** Worker and API are started anew when the build or their settings are not those they were started with. */
const isOutdated = (known, { services }) => known.version !== versionOf(environment(services))
const isConfigured = (variable) => () => Boolean(process.env[variable])

export const services = {
  mysql: {
    isOutdated: isConfigured('ETL_MYSQL_URL'),
    async start({ name, directory }) {
      const url = process.env.ETL_MYSQL_URL
      if (!url) return startMysql(directory, name === 'test' ? memoryPlace() : null)
      const { hostname, port } = new URL(url)
      await demand('ETL_MYSQL_URL', hostname, Number(port || 3306), { speaksFirst: true })
      return { url }
    },
  },
  kafka: {
    start: ({ directory }) => startKafka(directory),
  },
  mysql9: {
    start: ({ directory }) => startMysql9(directory),
  },
  temporal: {
    isOutdated: isConfigured('ETL_TEMPORAL_ADDRESS'),
    async start({ name, directory }) {
      const address = process.env.ETL_TEMPORAL_ADDRESS
      if (!address) return startTemporal(directory, { keepsHistory: name === 'main', ui: name === 'main' })
      const { hostname, port } = new URL(`http://${address}`)
      await demand('ETL_TEMPORAL_ADDRESS', hostname, Number(port || 80))
      return { address, ui: null }
    },
  },
  worker: {
    isOutdated,
    async start({ directory, services }) {
      const env = environment(services)
      await step('migrate the database', () => run(process.execPath, [etl, 'migrate'], { env }))
      return step('start a worker', () => ({
        ...launch(process.execPath, [etl, 'worker'], { log: join(directory, 'worker.log'), env }),
        version: versionOf(env),
      }))
    },
  },
  api: {
    isOutdated,
    start({ directory, services }) {
      return step('start the API', async () => {
        const port = await apiPort()
        const env = environment(services)
        const log = join(directory, 'api.log')
        const started = launch(process.execPath, [etl, 'api'], { log, env: { ...env, ETL_API_PORT: String(port) } })
        const host = process.env.ETL_API_HOST || '127.0.0.1'
        const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`
        await untilReady('the API', started, () => isReady(url))
        return [{ ...started, url, adminPassword: env.ETL_ADMIN_PASSWORD, version: versionOf(env) }, url]
      })
    },
  },
}

/** The settings of worker and API; what the caller has set stands. */
export function environment({ mysql, temporal }) {
  return {
    ETL_HOME: home,
    ETL_MYSQL_URL: mysql.url,
    ETL_TEMPORAL_ADDRESS: temporal.address,
    ETL_SECRET_KEY: process.env.ETL_SECRET_KEY || remembered('secret-key', () => randomBytes(32).toString('base64')),
    ETL_ADMIN_PASSWORD:
      process.env.ETL_ADMIN_PASSWORD || remembered('admin-password', () => randomBytes(12).toString('base64url')),
    // Of the connection in examples/connections.yaml.
    ETL_VAR_DEMO_MYSQL: process.env.ETL_VAR_DEMO_MYSQL || databaseOn(mysql.url, 'etl_demo'),
  }
}

function databaseOn(server, name) {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href.slice('mysql://'.length)
}

const versionOf = (env) =>
  createHash('sha256')
    .update(readFileSync(join(root, 'dist', '.sources-hash')))
    .update(JSON.stringify(env))
    .digest('hex')

/** Made once and kept as long as the database that depends on it. */
function remembered(name, make) {
  const path = join(home, name)
  if (!existsSync(path)) writeFileSync(path, make(), { mode: 0o600 })
  return readFileSync(path, 'utf8')
}

async function apiPort() {
  const asked = Number(process.env.ETL_API_PORT || 8080)
  if (!(await answers('127.0.0.1', asked, { timeoutMs: 500 }))) return asked
  if (!process.env.ETL_API_PORT) return (await freePorts(1))[0]
  throw new Stop(`port ${asked} (ETL_API_PORT) is in use`, { hint: 'Set ETL_API_PORT to another port.', exit: 3 })
}

const isReady = (url) =>
  fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  )
