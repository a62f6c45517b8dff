/** Distinctive words wherever a secret may be given; then every place is searched where one must not be. */
import { randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { ROUTES } from '../../api/routes.js'
import { type Description, makeThings } from '../support/known-things.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { argumentsOfProcesses, historiesOf, logsOf, tablesOf } from '../support/traces.js'

const planted = (name: string) => `planted-${name}-${randomBytes(9).toString('hex')}`
const WORDS = {
  catalogue: planted('catalogue'),
  key: randomBytes(32).toString('base64'),
  admin: planted('first'),
  variable: planted('variable'),
  stored: planted('stored'),
  connection: planted('connection'),
  inline: planted('inline'),
  channel: planted('channel'),
  setting: randomBytes(32).toString('base64'),
  person: planted('person'),
  changed: planted('changed'),
  wrong: planted('wrong'),
  garbled: planted('garbled'),
  misplaced: planted('misplaced'),
  bearer: planted('bearer'),
}

/** Passwords of accounts of the database, each given in another way. */
const CONNECTING = ['catalogue', 'connection', 'inline', 'stored', 'variable'] as const

test('planted secrets are in no log, history, table, answer, error page or process argument', async () => {
  await withMigratedDatabase(async (server) => {
    const account = `planted_${randomBytes(4).toString('hex')}`
    const accounts = Object.fromEntries(CONNECTING.map((name) => [`${account}_${name}`, WORDS[name]]))
    await withAccounts(server, accounts, async () => {
      const mysql = as(server, `${account}_catalogue`, WORDS.catalogue)
      const environment = {
        ETL_SECRET_KEY: WORDS.key,
        ETL_ADMIN_PASSWORD: WORDS.admin,
        ETL_VAR_WORD: WORDS.variable,
        ETL_LOG_LEVEL: 'trace',
      }
      await withStack(
        { mysql, temporal: temporalAddress() },
        async (stack) => {
          const login = await stack.request<{ token: string }>('POST', '/api/v1/auth/login', {
            username: 'admin',
            password: WORDS.admin,
          })
          expect(login.status).toBe(200)
          const { token } = login.body
          const said = new Answers(stack, token)
          const made = await plant(said, (name) => as(server, `${account}_${name}`, WORDS[name]))
          const things = await makeThings({
            ...stack,
            request: said.request,
            submit: said.submit,
            untilEnded: said.untilEnded,
          })
          await provoke(said)
          const routes = await readAll(said, { ...things, ...made.ids })
          expect(routes).toBeGreaterThan(40)

          const words = [...Object.values(WORDS), token, made.apiToken]
          const places = {
            answers: said.texts.join('\n'),
            arguments: await argumentsOfProcesses(),
            histories: await historiesOf(stack),
            logs: await logsOf(stack),
            tables: await tablesOf(server),
          }
          expect(places.logs).toContain('worker started')
          expect(places.histories).toContain(things.executionId)
          expect(places.histories).toContain('json/plain')
          expect(places.tables).toContain('CREATE_CONNECTION')
          expect(places.arguments).toContain('etl.js worker')
          expect(found(words, places)).toEqual([])
          console.info(`${words.length} words, ${routes} GET routes, ${said.texts.length} answers: 0 found`)
        },
        environment,
      )
    })
  })
}, 240_000)

/** Where each word is found: as it is, in a URL, and as base64 would show it. */
function found(words: readonly string[], places: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    words
      .filter((word) =>
        [word, encodeURIComponent(word), Buffer.from(word).toString('base64').slice(0, -4)].some((form) =>
          text.includes(form),
        ),
      )
      .map((word) => `${place}: ${word} … ${around(text, word)}`),
  )
}

function around(text: string, word: string): string {
  const at = text.indexOf(word)
  return text.slice(Math.max(0, at - 150), at + word.length + 50)
}

/** What the API answers, kept; the two answers that give a token are not. */
class Answers {
  readonly texts: string[] = []
  constructor(
    readonly stack: Stack,
    readonly token: string,
  ) {}
  readonly send = async (
    method: string,
    path: string,
    init: RequestInit = {},
  ): Promise<Response & { said: string }> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.token}`, ...init.headers }
    const answer = await fetch(`${this.stack.url}${path}`, {
      method,
      ...init,
      headers,
      signal: AbortSignal.timeout(20_000),
    })
    const said = await answer.text()
    this.texts.push(`${method} ${path} ${JSON.stringify([...answer.headers])} ${said}`)
    return Object.assign(answer, { said })
  }
  readonly request = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await this.send(method, path, body === undefined ? {} : { body: JSON.stringify(body) })
    return { status: answer.status, body: (answer.said === '' ? null : JSON.parse(answer.said)) as T }
  }
  readonly submit = async (spec: unknown): Promise<string> => {
    const job = await this.request<{ jobId: string }>('POST', '/api/v1/jobs', spec)
    expect([job.status, job.status === 201 ? '' : job.body]).toEqual([201, ''])
    const path = `/api/v1/jobs/${job.body.jobId}/executions`
    return (await this.request<{ executionId: string }>('POST', path, {})).body.executionId
  }
  readonly untilEnded: Stack['untilEnded'] = async (executionId) => {
    for (;;) {
      const { body } = await this.request<Awaited<ReturnType<Stack['untilEnded']>>>(
        'GET',
        `/api/v1/executions/${executionId}`,
      )
      if (['COMPLETED', 'FAILED', 'CANCELLED'].includes(body.status)) return body
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** Secrets where they belong. */
async function plant(
  { request, submit, untilEnded, texts }: Answers,
  urlOf: (name: (typeof CONNECTING)[number]) => string,
) {
  const ask = async <T = Record<string, string>>(method: string, path: string, body: unknown, status: number) => {
    const answer = await request<T>(method, `/api/v1${path}`, body)
    expect([path, answer.status, answer.status === status ? '' : answer.body]).toEqual([path, status, ''])
    return answer.body
  }
  await ask('PUT', '/secrets/planted', { value: WORDS.stored, description: 'a word' }, 201)
  const config = { url: urlOf('connection') }
  const { connectionId } = await ask('POST', '/connections', { name: 'planted', connector: 'jdbc', config }, 201)
  await ask('POST', `/connections/${connectionId}/test`, {}, 200)
  const hook = { type: 'WEBHOOK', name: 'hook', url: `https://hooks.example/${WORDS.channel}`, secret: WORDS.channel }
  const { ruleId } = await ask('POST', '/alert-rules', { name: 'planted', type: 'JOB_FAILED', channels: [hook] }, 201)
  await ask('POST', `/alert-rules/${ruleId}/test`, {}, 200)
  await ask('PUT', '/system-configs/backup.key?version=1', { value: WORDS.setting }, 200)
  const person = { username: 'anna', password: WORDS.person, role: 'DEVELOPER' }
  const { userId } = await ask('POST', '/users', person, 201)
  const { token: apiToken } = await ask<{ token: string }>('POST', '/tokens', { name: 'planted' }, 201)
  texts.pop()
  const byField = (name: 'stored' | 'variable', password: string) => {
    const url = new URL(urlOf(name))
    const user = url.username
    url.username = ''
    url.password = ''
    return { url: url.href, user, password }
  }
  const connections = {
    named: 'planted',
    inline: { url: urlOf('inline') },
    stored: byField('stored', '${secret:planted}'),
    variable: byField('variable', '${env:ETL_VAR_WORD}'),
  }
  const executions: string[] = []
  for (const [name, connection] of Object.entries(connections)) executions.push(await submit(job(name, connection)))
  const reports = await Promise.all(executions.map((id) => untilEnded(id)))
  expect(reports.map(({ status, error }) => [status, error])).toEqual(executions.map(() => ['COMPLETED', null]))
  return { apiToken, ids: { connectionId: connectionId ?? '', ruleId: ruleId ?? '', userId: userId ?? '' } }
}

/** Secrets where they do not belong: wrong, misplaced, in what cannot be read. */
async function provoke({ send, request }: Answers): Promise<void> {
  const { wrong, garbled, misplaced, bearer, changed } = WORDS
  const statuses = [
    (await request('POST', '/api/v1/auth/login', { username: 'anna', password: wrong })).status,
    (await request('PUT', '/api/v1/me/password', { currentPassword: wrong, newPassword: changed })).status,
    (await request('PUT', '/api/v1/me/password', { currentPassword: WORDS.admin, newPassword: { changed } })).status,
    (await send('POST', '/api/v1/auth/login', { body: `{"username":"anna","password": ${garbled}` })).status,
    (await send('POST', '/api/v1/auth/login', { body: `${garbled}` })).status,
    (
      await send('POST', '/api/v1/auth/login', {
        body: `password=${garbled}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    ).status,
    (await send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${bearer}` } })).status,
    (await send('GET', '/api/v1/me', { headers: { authorization: `Basic ${btoa(`admin:${bearer}`)}` } })).status,
    (
      await request('POST', '/api/v1/connections', {
        name: 'bad',
        connector: 'jdbc',
        config: { url: `u:${misplaced}@h/d` },
      })
    ).status,
    (
      await request('POST', '/api/v1/connections', {
        name: 'bad',
        connector: 'jdbc',
        config: { url: `mysql://u:${misplaced}@127.0.0.1:1/d`, passwort: misplaced },
      })
    ).status,
    (await request('PUT', '/api/v1/secrets/planted', { value: { misplaced } })).status,
    (await request('POST', '/api/v1/users', { username: 'other', password: misplaced, role: 'KING' })).status,
    (await request('POST', '/api/v1/jobs', job('bad', { url: `mysql://u:${misplaced}@h/d`, passwort: misplaced })))
      .status,
    (await request('POST', '/api/v1/jobs/explain', job('bad', { url: `mysq://u:${misplaced}@h/d` }))).status,
  ]
  const expected = statuses.map((status) => (status >= 400 && status < 500 ? status : 'refused'))
  expect(statuses).toEqual(expected)
}

/** Every GET of the route table, with ids that there are. */
async function readAll({ send, request }: Answers, things: Readonly<Record<string, string>>): Promise<number> {
  const { body } = await request<Description>('GET', '/api/v1/openapi.json')
  expect(Object.keys(body.paths).length).toBeGreaterThan(40)
  const known: Readonly<Record<string, string>> = { ...things, name: 'planted', key: 'backup.key', type: 'MAP' }
  const gets = ROUTES.filter(({ method }) => method === 'get')
  for (const { path } of gets) {
    await send('GET', `/api/v1${path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => known[name] || 'none')}`)
  }
  return gets.length
}

function job(name: string, connection: unknown) {
  return {
    name,
    restart: { strategy: 'NONE' },
    nodes: [
      { id: 'in', source: 'generator', config: { rows: 3, columns: { n: { kind: 'SEQUENCE' } } } },
      {
        id: 'out',
        sink: 'jdbc',
        input: 'in',
        config: { connection, table: `t_${name}`, createTable: true },
      },
    ],
  }
}

function as(url: string, user: string, password: string): string {
  const own = new URL(url)
  own.username = user
  own.password = password
  return own.href
}

async function withAccounts(url: string, accounts: Readonly<Record<string, string>>, run: () => Promise<void>) {
  const names = Object.keys(accounts).flatMap((name) => [`'${name}'@'%'`, `'${name}'@'localhost'`])
  const made = Object.entries(accounts).flatMap(([name, password]) =>
    ['%', 'localhost'].map((host) => `'${name}'@'${host}' IDENTIFIED BY '${password}'`),
  )
  await onServer(url, `CREATE USER ${made.join(', ')}; GRANT ALL ON *.* TO ${names.join(', ')}`)
  try {
    await run()
  } finally {
    await onServer(url, `DROP USER ${names.join(', ')}`)
  }
}
