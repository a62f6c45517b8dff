// npm run demo [-- --keep]: from nothing to a checked result on real data, over the same surfaces that users have.
import { join } from 'node:path'
import { build } from './setup/build.mjs'
import { withLock } from './setup/lock.mjs'
import { note, Stop, say, seconds, step } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'
import { folder, root } from './setup/paths.mjs'
import { isAlive, run } from './setup/process.mjs'
import { environment } from './setup/services.mjs'
import { keep, withStack } from './setup/stack.mjs'

await main(async (args) => {
  const unknown = args.find((arg) => arg !== '--keep')
  if (unknown) throw new Stop(`unknown option ${unknown}`, { hint: 'npm run demo [-- --keep]', exit: 2 })
  const keeps = args.includes('--keep')
  await packages()
  await build()
  await step('make the data: 3,000,000 flights as CSV', () => compiled('make-data', []))
  await withStack('main', ['mysql', 'temporal', 'worker', 'api'], async (stack) => {
    // Two demos at once would write into the same tables.
    await withLock(join(folder('lock'), 'demo'), 'a demo of its own', () => demo(stack))
    if (keeps) await keep('main')
    say(keeps ? addresses(stack) : farewell())
  })
})

async function demo(stack) {
  const env = environment(stack)
  await compiled('tables', ['clear'], { env })
  const token = await step('log in', () => logIn(stack.api))
  const client = { env: { ...env, ETL_API_URL: stack.api.url, ETL_TOKEN: token } }
  await step('save the connection demo-mysql', () => etl(['apply', 'examples/connections.yaml', '--json'], client))
  const report = await step('run examples/delayed-flights.yaml', async () => {
    const args = ['submit', 'examples/delayed-flights.yaml', '--watch', '--json']
    const answer = await etl(args, { ...client, err: 2 }).catch((error) => Promise.reject(explain(error, stack)))
    return JSON.parse(answer)
  })
  const { read, filtered, written } = report.records
  note(
    `read ${count(read)}, filtered ${count(filtered)}, written ${count(written)} in ${report.epochs} epochs, ${seconds(report.durationMs)}`,
  )
  say('\nRead back from MySQL, and compared with what DuckDB alone computes from the same file:')
  await compiled('tables', ['check'], { env, out: 1, err: 2 }).catch(() => {
    throw new Stop('the tables are not what they should be')
  })
}

function compiled(name, args, options) {
  return run(process.execPath, [join(root, 'dist', 'scripts', 'demo', `${name}.js`), ...args], options)
}

function etl(args, options) {
  return run(process.execPath, [join(root, 'bin', 'etl.js'), ...args], options)
}

function count(number) {
  return number.toLocaleString('en-US')
}

async function logIn({ url, adminPassword }) {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: adminPassword }),
  })
  if (answer.ok) return (await answer.json()).token
  const { detail } = await answer.json().catch(() => ({}))
  throw new Stop(`the log-in as admin was refused (${answer.status}${detail ? `: ${detail}` : ''})`, {
    hint: 'Its password was given when this database was first used; set ETL_ADMIN_PASSWORD to it.',
  })
}

function explain(error, { worker, api }) {
  const lost = Object.entries({ worker, api }).find(([, service]) => service && !isAlive(service))
  const hint = lost ? `The ${lost[0]} has ended; its log: ${lost[1].log}` : `The worker's log: ${worker.log}`
  return new Stop(`the example job did not complete: ${error.message}`, { hint })
}

function farewell() {
  return `
Everything that was started is being stopped. To look around:
  npm run demo -- --keep                     leaves it running, with the addresses of API docs and Temporal Web UI
  cd examples && npx etl run top-n.yaml      runs a small job without any server
  npx etl explain examples/top-n.yaml        shows the chains that it becomes
  README.md                                  has the rest
`
}

function addresses({ api, temporal, mysql, worker }) {
  return `
It keeps running; \`npm run down\` stops it.
  API docs           ${api.url}/api/v1/docs      (admin / ${api.adminPassword})
  Temporal Web UI    ${temporal.ui ?? `that of the server at ${temporal.address}`}
  MySQL              ${mysql.url}
  Logs               ${api.log}, ${worker.log}
  Command line       export ETL_API_URL=${api.url}; npx etl login --username admin; npx etl jobs
`
}
