/** The whole system, asked for what is wrong: problem details over REST, exit codes on the command line, no secret anywhere. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Connection } from '@temporalio/client'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { inPlace, keepBad, operator, password, source, target } from './run-etl.js'

interface Problems {
  readonly code: string
  readonly errors?: readonly { readonly message: string }[]
}

test('a stack that is asked for what is wrong answers in words, and goes on', async () => {
  await withMigratedDatabase(async (mysql) => {
    const temporal = temporalAddress()
    await withStack({ mysql, temporal }, async (stack) => {
      await writeFile(join(stack.files, 'in.csv'), 'id,n\n1,a\nx,b\n3,c\n')
      await refusesSpecs(stack)
      await refusesTokens(stack, mysql)
      await endsInWords(stack)
      await keepsSecrets(stack)
      await lookThroughHistories(stack, temporal)
      await lookThroughLogs(stack)
    })
  })
}, 180_000)

async function refusesSpecs(stack: Stack): Promise<void> {
  const post = (body: unknown, path = '/api/v1/jobs') => stack.request<Problems>('POST', path, body)
  const filter = { name: 'j', nodes: [source('in.csv'), operator('FILTER', { where: 'idd > 1' }), target('op')] }
  for (const path of ['/api/v1/jobs', '/api/v1/jobs/validate']) {
    const { status, body } = await post(filter, path)
    expect([status, body.code]).toEqual([422, 'spec.invalid'])
    const problem = { pointer: '/nodes/1/config/where', hint: 'Did you mean `id`?' }
    expect(body.errors).toEqual([expect.objectContaining(problem)])
  }
  for (const path of ['../../etc/passwd', '/etc/passwd', 'file:///etc/passwd']) {
    const { status, body } = await post({ name: 'j', nodes: [source(path, { format: 'csv' }), target()] })
    expect([status, body.errors?.[0]?.message]).toEqual([422, expect.stringMatching(/outside the folders/)])
  }
  for (const body of [{}, [], 'text', 5, null, { name: 'j', nodes: {} }]) {
    const { status } = await post(body)
    expect([body, status >= 400 && status < 500]).toEqual([body, true])
  }
  const statusOf = async (path: string) => (await stack.request('GET', `/api/v1${path}`)).status
  expect(await statusOf('/executions/nosuch')).toBe(404)
  expect(await statusOf("/jobs/1'%20OR%201=1")).toBe(404)
  expect(await statusOf('/jobs?limit=-1')).toBe(400)
  expect(await statusOf('/jobs?cursor=%00%ff')).toBe(400)
}

async function refusesTokens(stack: Stack, mysql: string): Promise<void> {
  await inPlace(async (place) => {
    const said = async (token: string, ...args: string[]) => {
      const env = { ETL_API_URL: stack.url, ETL_TOKEN: token }
      const { code, answer } = await place.etl([...args, '--json'], { env })
      return [code, answer.error?.code]
    }
    expect(await said('', 'jobs')).toEqual([4, 'auth.required'])
    expect(await said('nonsense', 'jobs')).toEqual([4, 'auth.required'])
    const old = await stack.request<{ token: string }>('POST', '/api/v1/tokens', { name: 'old' })
    expect([old.status, (await said(old.body.token, 'jobs'))[0]]).toEqual([201, 0])
    await onServer(mysql, "UPDATE etl_api_token SET expire_time = '2020-01-01' WHERE token_name = 'old'")
    expect(await said(old.body.token, 'jobs')).toEqual([4, 'auth.required'])
    expect(await said(stack.token(), 'show', 'nosuch')).toEqual([2, 'not.found'])
    await place.put('bad.json', JSON.stringify({ name: 'bad', nodes: [source('in.csv'), target('inn')] }))
    expect(await said(stack.token(), 'submit', 'bad.json')).toEqual([2, 'spec.invalid'])
  })
}

async function endsInWords(stack: Stack): Promise<void> {
  const config = { columns: { id: 'BIGINT', n: 'VARCHAR' } }
  const run = async (name: string, settings: object) => {
    const nodes = [source('in.csv', config), target('in', { path: name })]
    return await stack.untilEnded(await stack.submit({ name, nodes, ...settings }))
  }
  const failed = await run('fails', {})
  expect(failed).toMatchObject({ status: 'FAILED', error: { code: 'record.bad', nodeId: 'in', retryable: false } })
  expect(failed.error?.message).toMatch(/in\.csv, line 3\)/)
  const records = { read: 3, written: 2, filtered: 0, failed: 1 }
  expect(await run('keeps', keepBad)).toMatchObject({ status: 'COMPLETED', records })
}

/** One password in every place where it may stand, whether it is right, wrong, or nobody asks for it. */
async function keepsSecrets(stack: Stack): Promise<void> {
  const answers: unknown[] = []
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await stack.request<Readonly<Record<string, string>>>(method, `/api/v1${path}`, body)
    answers.push(answer.body)
    return answer
  }
  expect((await ask('PUT', '/secrets/DB', { value: password })).status).toBeLessThan(300)
  await withDatabase(async (url) => {
    const { host, pathname } = new URL(url)
    const connections = {
      inside: { url: `mysql://root:${password}@${host}${pathname}` },
      beside: { url: `mysql://root@${host}${pathname}`, password },
      named: { url: `mysql://root@${host}${pathname}`, password: '${secret:DB}' },
      away: { url: `mysql://root:${password}@127.0.0.1:1/x` },
      broken: { url: `mysql://root:${password}@[x` },
    }
    for (const [name, connection] of Object.entries(connections)) {
      const sink = { id: 'out', sink: 'jdbc', input: 'in', config: { connection, table: 't', createTable: true } }
      const nodes = [source('in.csv'), sink]
      const job = await ask('POST', '/jobs', { name, restart: { strategy: 'NONE' }, nodes })
      if (job.status !== 201) continue
      const started = await ask('POST', `/jobs/${job.body.jobId}/executions`, {})
      if (started.body.executionId) answers.push(await stack.untilEnded(started.body.executionId))
      for (const path of ['', '/graph', '/versions']) await ask('GET', `/jobs/${job.body.jobId}${path}`)
    }
  })
  for (const path of ['/operation-logs', '/executions', '/jobs', '/secrets']) await ask('GET', `${path}?limit=100`)
  for (const answer of answers) expect(JSON.stringify(answer ?? null)).not.toContain(password)
}

async function lookThroughHistories({ namespace }: Stack, address: string): Promise<void> {
  const connection = await Connection.connect({ address })
  const { workflowService } = connection
  try {
    const { executions } = await workflowService.listWorkflowExecutions({ namespace, pageSize: 100 })
    expect(executions?.length).toBeGreaterThan(1)
    for (const { execution } of executions ?? []) {
      const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution: execution ?? null })
      const text = textOf(history).replaceAll('\\n', '\n')
      expect(text).toContain('jobExecution')
      expect(text).not.toContain(password)
      const stackAt = text.search(/^\s*at .+:\d+:\d+/m)
      expect(stackAt < 0 ? '' : text.slice(Math.max(0, stackAt - 300), stackAt + 600)).toBe('')
    }
  } finally {
    await connection.close()
  }
}

/** All texts and all bytes of a message, one under another. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.values(value).map(textOf).join('\n')
}

async function lookThroughLogs(stack: Stack): Promise<void> {
  const logs = (await readdir(stack.logs)).filter((name) => name.endsWith('.log'))
  expect(logs.sort()).toEqual(['api.log', 'worker.log'])
  for (const name of logs) {
    const log = await readFile(join(stack.logs, name), 'utf8')
    expect(log).not.toContain(password)
    expect(log).not.toContain('correct horse battery')
  }
}
