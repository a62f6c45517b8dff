/** API and worker as processes of their own, as a user runs them, on servers that the test names. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionReport } from '../../core/execution/report.js'
import { ownNamespace } from './namespace.js'
import { freePort } from './services.js'
import { until } from './until.js'

const launcher = fileURLToPath(new URL('../../bin/etl.js', import.meta.url))
const password = 'correct horse battery'

export interface Answer<T> {
  readonly status: number
  readonly body: T
}

export interface Stack {
  readonly files: string
  readonly logs: string
  readonly namespace: string
  readonly url: string
  /** Of the first user. */
  token(): string
  request<T = Readonly<Record<string, string>>>(method: string, path: string, body?: unknown): Promise<Answer<T>>
  /** One more. */
  startWorker(): Promise<void>
  /** The oldest. */
  killWorker(): Promise<void>
  killApi(): Promise<void>
  /** Waits until it is ready. */
  startApi(): Promise<void>
  /** As an operator would: SIGTERM; answers the exit code. */
  stopWorker(): Promise<number | null>
  submit(spec: unknown): Promise<string>
  execution(executionId: string): Promise<ExecutionReport>
  untilEnded(executionId: string, withinMs?: number): Promise<ExecutionReport>
}

export async function withStack<T>(
  servers: { readonly mysql: string; readonly temporal: string },
  run: (stack: Stack) => Promise<T>,
  extra: NodeJS.ProcessEnv = {},
): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'etl-stack-'))
  const files = join(home, 'files')
  await mkdir(files)
  const port = await freePort()
  const namespace = await ownNamespace(servers.temporal)
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NODE_OPTIONS: '',
    ETL_HOME: home,
    ETL_MYSQL_URL: servers.mysql,
    ETL_TEMPORAL_ADDRESS: servers.temporal,
    ETL_TEMPORAL_NAMESPACE: namespace,
    ETL_API_PORT: String(port),
    ETL_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    ETL_ADMIN_PASSWORD: password,
    ETL_FILE_ROOTS: files,
    ETL_HEARTBEAT_TIMEOUT: '5s',
    ...extra,
  }
  const children = new Set<ChildProcess>()
  const launch = (command: string) => {
    const child = spawn(process.execPath, [launcher, command], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const log = createWriteStream(join(home, `${command}.log`), { flags: 'a' })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }
  const base = `http://127.0.0.1:${port}`
  let token = ''
  const request = async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T }
  }
  const workers: ChildProcess[] = []
  let api: ChildProcess | null = null
  const stack: Stack = {
    files,
    logs: home,
    namespace,
    url: base,
    token: () => token,
    request,
    startWorker: async () => {
      workers.push(launch('worker'))
    },
    killWorker: async () => {
      const dying = workers.shift()
      if (dying === undefined || dying.exitCode !== null) return
      dying.kill('SIGKILL')
      if (dying.exitCode === null && dying.signalCode === null) await once(dying, 'exit')
    },
    killApi: async () => {
      if (api === null || api.exitCode !== null) return
      const exited = once(api, 'exit')
      api.kill('SIGKILL')
      await exited
    },
    startApi: async () => {
      api = launch('api')
      await until('the API is ready', async () => (await fetch(`${base}/readyz`)).ok, { withinMs: 60_000 })
    },
    stopWorker: async () => {
      const ending = workers.shift()
      if (ending === undefined) return null
      const exited = once(ending, 'exit')
      ending.kill('SIGTERM')
      return ((await exited) as [number | null])[0]
    },
    submit: async (spec) => {
      const job = await request<Readonly<Record<string, string>>>('POST', '/api/v1/jobs', spec)
      if (job.status !== 201) throw new Error(`POST /jobs answered ${job.status}: ${JSON.stringify(job.body)}`)
      const started = await request<Readonly<Record<string, string>>>(
        'POST',
        `/api/v1/jobs/${job.body.jobId}/executions`,
        {},
      )
      if (started.status !== 202) throw new Error(`start answered ${started.status}: ${JSON.stringify(started.body)}`)
      return started.body.executionId ?? ''
    },
    execution: async (executionId) => (await request<ExecutionReport>('GET', `/api/v1/executions/${executionId}`)).body,
    untilEnded: async (executionId, withinMs = 120_000) =>
      await until(
        `execution ${executionId} has ended`,
        async () => {
          const { body } = await request<ExecutionReport>('GET', `/api/v1/executions/${executionId}`)
          return ['COMPLETED', 'FAILED', 'CANCELLED'].includes(body?.status) ? body : null
        },
        { withinMs, everyMs: 200 },
      ),
  }
  try {
    await stack.startApi()
    const login = await request<{ token: string }>('POST', '/api/v1/auth/login', { username: 'admin', password })
    token = login.body.token
    await stack.startWorker()
    return await run(stack)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await rm(home, { recursive: true, force: true })
  }
}
