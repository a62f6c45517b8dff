/** The command line against a server: what it prints, where, and how it ends. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { type LentApi, withApi } from '../support/api.js'

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

let folder: string
const root = process.cwd()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-cli-'))
  await writeFile(join(folder, 'in.csv'), 'id,amount\n1,10\n')
  await writeFile(join(folder, 'job.yaml'), JOB)
  await writeFile(
    join(folder, 'bad.yaml'),
    JOB.replace('amount > 5', 'amuont > 5').replace('source: file', 'source: fiel'),
  )
  await writeFile(
    join(folder, 'shop.yaml'),
    'kind: connection\nname: shop\nconnector: jdbc\nconfig: { url: "mysql://u:opensesame@127.0.0.1:1/d" }\n',
  )
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const JOB = `name: copy
nodes:
  - { id: in, source: file, config: { path: in.csv } }
  - { id: some, operator: FILTER, input: in, config: { where: "amount > 5" } }
  - { id: out, sink: file, input: some, config: { path: out, format: csv } }
`

async function etl(
  args: readonly string[],
  variables: Record<string, string> = {},
  input = '',
  signalAfter?: RegExp,
): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ['--import', `${root}/node_modules/tsx/dist/esm/index.mjs`, `${root}/cli/main.ts`, ...args],
    {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', ETL_HOME: join(folder, 'home'), ...variables },
    },
  )
  let [out, err, signalled] = ['', '', false]
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
    if (signalAfter?.test(err) && !signalled) signalled = child.kill('SIGINT')
  })
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out, err }
}

async function served<T>(run: (api: LentApi, variables: Record<string, string>) => Promise<T>): Promise<T> {
  return await withApi({}, async (api) => {
    await writeFile(join(api.folder, 'in.csv'), 'id,amount\n1,10\n')
    const server = api.app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    try {
      return await run(api, { ETL_API_URL: `http://127.0.0.1:${port}`, ETL_TOKEN: api.tokens.ADMIN })
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
}

describe('without a server', () => {
  test('help is help, and wrong usage is exit code 2', async () => {
    const help = await etl(['submit', '--help'])
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(help.out).toContain('$ etl submit job.yaml --watch')
    expect((await etl(['sumbit'])).err).toMatch(/unknown command[\s\S]*submit/)
    const wrong = await etl(['submit', '--json'])
    expect(wrong.code).toBe(2)
    expect(JSON.parse(wrong.out).error.code).toBe('usage.invalid')
  })

  test('a valid job is valid, and explained', async () => {
    expect(await etl(['validate', 'job.yaml'])).toMatchObject({ code: 0, err: '' })
    const explained = await etl(['explain', 'job.yaml', '--json'])
    expect(JSON.parse(explained.out).jobGraph.vertices).toHaveLength(1)
    expect((await etl(['explain', 'job.yaml', '--mermaid'])).out).toMatch(/^flowchart LR/)
    const decided = await etl(['explain', 'job.yaml', '--failures', '0ms,1200ms,3s,4s', '--json'])
    expect(JSON.parse(decided.out).restarts.map((one: { decision: string }) => one.decision)).toEqual([
      'RESTART',
      'RESTART',
      'RESTART',
      'FAIL',
    ])
  })

  test('an invalid job is exit code 2 with every problem and its line', async () => {
    const said = await etl(['validate', 'bad.yaml'])
    expect(said).toMatchObject({ code: 2, out: '' })
    expect(said.err).toMatch(/fiel[\s\S]*bad\.yaml:3/)
    expect(said.err).not.toMatch(/\n\s+at /)
    const { error, errors } = JSON.parse((await etl(['validate', 'bad.yaml', '--json'])).out)
    expect(error.code).toBe('spec.invalid')
    expect(errors[0]).toMatchObject({ pointer: expect.stringMatching(/^\/nodes\/0/), line: 3 })
  })

  test('what cannot be found, reached or started has its own exit codes', async () => {
    expect((await etl(['validate', 'none.yaml'])).code).toBe(2)
    expect((await etl(['jobs'], { ETL_API_URL: 'http://127.0.0.1:1' })).code).toBe(3)
    const api = await etl(['api'], { ETL_API_PORT: 'x' })
    expect(api.code).toBe(3)
    expect(api.err).toMatch(/ETL_MYSQL_URL.*ETL_API_PORT.*|ETL_API_PORT/)
  })

  test('a template is a job', async () => {
    expect((await etl(['init', 'first.yaml', '--template', 'csv-to-parquet'])).code).toBe(0)
    expect(await readFile(join(folder, 'first.yaml'), 'utf8')).toContain('etl run first.yaml')
    expect((await etl(['init', 'first.yaml'])).code).toBe(2)
  })

  test('the schema of the database is printed as SQL', async () => {
    expect((await etl(['migrate', '--print'])).out).toMatch(/CREATE TABLE IF NOT EXISTS etl_job /)
  })
})

describe('with a server', () => {
  test('log-in keeps the token for its owner alone, and for that server alone', async () => {
    await served(async ({ call }, { ETL_API_URL = '' }) => {
      await call('post', '/users')
        .send({ username: 'anna', password: 'correct horse battery', role: 'DEVELOPER' })
        .expect(201)
      expect((await etl(['jobs'], { ETL_API_URL })).code).toBe(4)
      const done = await etl(
        ['login', '--username', 'anna', '--password-stdin', '--json'],
        { ETL_API_URL },
        'correct horse battery\n',
      )
      expect(JSON.parse(done.out)).toMatchObject({ username: 'anna', role: 'DEVELOPER' })
      expect(done.out).not.toContain('etl_')
      const file = join(folder, 'home', 'token.json')
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      expect((await etl(['jobs'], { ETL_API_URL })).out).toBe('none\n')
      expect((await etl(['secrets'], { ETL_API_URL })).code).toBe(2)
      expect((await etl(['jobs'], { ETL_API_URL: ETL_API_URL.replace('127.0.0.1', 'localhost') })).code).toBe(4)
      expect(
        (await etl(['login', '--username', 'anna', '--password-stdin'], { ETL_API_URL }, 'wrong password\n')).code,
      ).toBe(4)
    })
  })

  test('users are made, changed, unlocked and removed by name, and their passwords are no arguments', async () => {
    await served(async (api, variables) => {
      const made = await etl(
        ['users', 'create', 'anna', '--role', 'developer', '--json'],
        variables,
        'correct horse battery\n',
      )
      expect(JSON.parse(made.out)).toMatchObject({ username: 'anna', role: 'DEVELOPER' })
      expect((await etl(['users', 'create', 'berta'], variables, 'berta-berta-1\n')).code).toBe(2)
      const anna = { ETL_API_URL: variables.ETL_API_URL ?? '', ETL_HOME: join(folder, 'anna') }
      const login = async (password: string) =>
        (await etl(['login', '--username', 'anna', '--password-stdin'], anna, `${password}\n`)).code
      expect(await login('correct horse battery')).toBe(0)
      expect((await etl(['users', 'password'], anna, 'correct horse battery\nanother long password\n')).code).toBe(0)
      for (let failed = 1; failed <= 5; failed += 1) expect(await login('correct horse battery')).toBe(4)
      expect(await login('another long password')).toBe(4)
      expect((await etl(['users', 'unlock', 'anna'], variables)).out).toBe('anna is ACTIVE\n')
      expect(await login('another long password')).toBe(0)
      expect((await etl(['users', 'list'], variables)).out).toMatch(/anna +DEVELOPER +ACTIVE +PASSWORD +20/)
      expect((await etl(['users', 'list'], anna)).code).toBe(2)

      const token = (await etl(['tokens', 'create', 'nightly', '--role', 'user', '--days', 'none'], anna)).out.trim()
      expect(token).toMatch(/^etl_/)
      const { items } = JSON.parse((await etl(['tokens', '--all', '--json'], variables)).out)
      const { tokenId } = items.find((one: { name: string }) => one.name === 'nightly')
      expect((await etl(['jobs'], { ...anna, ETL_TOKEN: token })).code).toBe(0)
      expect((await etl(['tokens', 'revoke', tokenId], variables)).code).toBe(0)
      expect((await etl(['jobs'], { ...anna, ETL_TOKEN: token })).code).toBe(4)

      expect((await etl(['users', 'set', 'anna', '--role', 'user', '--status', 'inactive'], variables)).out).toMatch(
        /INACTIVE/,
      )
      expect((await etl(['jobs'], anna)).code).toBe(4)
      expect((await etl(['users', 'delete', 'anna'], variables)).code).toBe(0)
      expect((await etl(['users', 'show', 'anna'], variables)).code).toBe(2)
      expect((await etl(['users', 'delete', 'admin'], variables)).code).toBe(2)
      expect(await api.deps.users.list({ username: 'admin' })).toMatchObject({ items: [{ role: 'ADMIN' }] })
    })
  }, 120_000)

  test('the audit is listed, verified against a head that was noted, and exported', async () => {
    await served(async (api, variables) => {
      await etl(['secrets', 'set', 'WORD'], variables, 'opensesame\n')
      await etl(['login', '--username', '=cmd()', '--password-stdin'], variables, 'opensesame\n')
      const listed = await etl(['audit', 'list', '--type', 'login', '--status', 'failed'], variables)
      expect(listed.out).toMatch(/=cmd\(\) +LOGIN +USER +FAILED/)
      const verified = await etl(['audit', 'verify'], variables)
      expect(verified).toMatchObject({ code: 0 })
      const head = /head (\S+)/.exec(verified.out)?.[1] ?? ''
      expect((await etl(['audit', 'verify', '--head', head], variables)).code).toBe(0)

      const lines = (await etl(['audit', 'export'], variables)).out.trim().split('\n')
      expect(lines.map((line) => JSON.parse(line).operationType)).toEqual(['SET_SECRET', 'LOGIN'])
      const exported = await etl(['audit', 'export', '--format', 'csv', '--output', 'audit.csv', '--json'], variables)
      expect(JSON.parse(exported.out)).toEqual({ entries: 2, file: 'audit.csv' })
      const csv = await readFile(join(folder, 'audit.csv'), 'utf8')
      expect(csv.split('\n')[0]).toMatch(/^sequence,logId,time,/)
      expect(csv).toContain(",'=cmd(),LOGIN,")
      expect(csv + lines.join()).not.toContain('opensesame')
      expect((await stat(join(folder, 'audit.csv'))).mode & 0o777).toBe(0o600)

      await api.database.execute("UPDATE etl_operation_log SET operation_status = 'SUCCESS'")
      const broken = await etl(['audit', 'verify'], variables)
      expect(broken.code).toBe(1)
      expect(broken.out).toMatch(/^CHANGED at entry 2, /)
      expect((await etl(['audit', 'export', '--format', 'xml'], variables)).code).toBe(2)
    })
  }, 120_000)

  test('submit saves once, starts, and reports in one JSON object', async () => {
    await served(async (_api, variables) => {
      const first = JSON.parse((await etl(['submit', 'job.yaml', '--json'], variables)).out)
      expect(first).toMatchObject({ version: 1, change: 'created', status: 'CREATED' })
      const second = JSON.parse((await etl(['submit', 'job.yaml', '--no-start', '--json'], variables)).out)
      expect(second).toEqual({ jobId: first.jobId, version: 1, change: 'unchanged' })
      const shown = JSON.parse((await etl(['show', first.executionId, '--json'], variables)).out)
      expect(shown).toMatchObject({ executionId: first.executionId, jobName: 'copy', status: 'CREATED' })
      expect((await etl(['delete', 'copy'], variables)).code).toBe(2)
      expect((await etl(['cancel', first.executionId], variables)).code).toBe(0)
      expect((await etl(['show', first.executionId, '--watch'], variables)).code).toBe(1)
      expect((await etl(['delete', 'copy'], variables)).code).toBe(0)
      expect((await etl(['submit', 'bad.yaml'], variables)).err).toContain('/nodes/0')
      expect((await etl(['start', 'copy'], variables)).code).toBe(2)
    })
  })

  test('watching is left by Ctrl-C, and the execution goes on', async () => {
    await served(async ({ call }, variables) => {
      const left = await etl(['submit', 'job.yaml', '--watch'], variables, '', /CREATED/)
      expect(left).toMatchObject({ code: 130, out: '' })
      expect(left.err).toMatch(/goes on/)
      expect((await call('get', '/executions')).body.items).toMatchObject([{ status: 'CREATED' }])
    })
  })

  test('apply makes the server equal to the files, and says what it would do', async () => {
    await served(async (api, variables) => {
      const changes = async (...args: string[]) =>
        JSON.parse((await etl(['apply', ...args, '--json'], variables)).out).changes
      const both = ['job.yaml', 'shop.yaml']
      expect(await changes(...both, '--dry-run')).toEqual([
        { kind: 'connection', name: 'shop', change: 'create' },
        { kind: 'job', name: 'copy', change: 'create' },
      ])
      expect((await api.call('get', '/jobs')).body.items).toEqual([])
      await changes(...both)
      const again = await changes(...both)
      expect(again.map((one: { change: string }) => one.change)).toEqual(['unchanged', 'unchanged'])
      expect((await changes(...both, '--dry-run')).map((one: { change: string }) => one.change)).toEqual([
        'unchanged',
        'unchanged',
      ])
      const exported = await etl(['export', '--output', 'exported'], variables)
      expect(exported.out).toContain('job-copy.yaml')
      expect(await readFile(join(folder, 'exported', 'connection-shop.yaml'), 'utf8')).not.toContain('opensesame')
      expect((await changes('exported')).map((one: { change: string }) => one.change)).toEqual([
        'unchanged',
        'unchanged',
      ])
      expect(await api.deps.connections.resolve('shop')).toEqual({ url: 'mysql://u:opensesame@127.0.0.1:1/d' })
      const tested = await etl(['connections', 'test', 'shop'], variables)
      expect(tested.code).toBe(1)
    })
  })

  test('a connection goes to another server and back as files that hold no secret', async () => {
    const CLEAR = /opensesame|word-in-clear/
    const document = `kind: connection
name: bus
connector: kafka
usage: SOURCE
description: the bus
config:
  brokers: ["127.0.0.1:1"]
  sasl: { mechanism: PLAIN, username: u, password: "\${secret:BUS}" }
---
kind: connection
name: shop
connector: jdbc
config: { url: "mysql://u:\${env:ETL_VAR_SHOP}@127.0.0.1:1/d", ssl: true }
`
    await writeFile(join(folder, 'both.yaml'), document)
    const exported = async (variables: Record<string, string>, to: string) => {
      const said = await etl(['export', '--output', to], variables)
      expect(said.err).not.toMatch(/masked/)
      const names = ['bus', 'shop'].map((name) => join(folder, to, `connection-${name}.yaml`))
      return (await Promise.all(names.map((name) => readFile(name, 'utf8')))).join('---\n')
    }
    const first = await served(async (_api, variables) => {
      await etl(['secrets', 'set', 'BUS'], variables, 'opensesame\n')
      expect((await etl(['apply', 'both.yaml'], variables)).code).toBe(0)
      return await exported(variables, 'first')
    })
    expect(parseAllDocuments(first).map((one) => one.toJSON())).toEqual(
      parseAllDocuments(document).map((one) => {
        const { usage = 'BOTH', ...rest } = one.toJSON() as Record<string, unknown>
        return { ...rest, usage }
      }),
    )
    await served(async (api, variables) => {
      const applied = await etl(['apply', 'first', '--json'], variables)
      expect(JSON.parse(applied.out).changes).toMatchObject([{ change: 'create' }, { change: 'create' }])
      expect(await exported(variables, 'second')).toBe(first)
      const again = await etl(['apply', 'second', '--dry-run', '--json'], variables)
      expect(JSON.parse(again.out).changes).toMatchObject([{ change: 'unchanged' }, { change: 'unchanged' }])

      await writeFile(join(folder, 'clear.yaml'), document.replace('${env:ETL_VAR_SHOP}', 'word-in-clear'))
      expect((await etl(['apply', 'clear.yaml'], variables)).code).toBe(0)
      const masked = await etl(['export', 'shop'], variables)
      expect(masked.err).toContain('secrets are masked in connection-shop.yaml')
      expect(masked.out).toContain('mysql://u:***@127.0.0.1:1/d')
      await writeFile(join(folder, 'masked.yaml'), masked.out)
      expect((await etl(['apply', 'masked.yaml'], variables)).code).toBe(0)
      expect(await api.deps.connections.resolve('shop')).toMatchObject({ url: 'mysql://u:word-in-clear@127.0.0.1:1/d' })
      expect(`${first}${masked.out}${masked.err}${api.logged}`).not.toMatch(CLEAR)
    })
    await served(async (_api, variables) => {
      const refused = await etl(['apply', 'masked.yaml'], variables)
      expect(refused.code).toBe(2)
      expect(refused.err).toContain('Give the secret at /url again')
    })
  })

  test('alert rules are applied, exported without their secrets, and applied again; alerts are silenced by name', async () => {
    const rule = (level: string) => `kind: alertRule
name: failures
type: JOB_FAILED
job: copy
level: ${level}
channels: [{ type: WEBHOOK, url: "https://hooks.example.com/opensesame" }]
`
    await writeFile(join(folder, 'rule.yaml'), rule('ERROR'))
    await served(async (api, variables) => {
      const changeOf = async (...files: string[]) => {
        const applied = await etl(['apply', ...files, '--json'], variables)
        return JSON.parse(applied.out).changes.at(-1)
      }
      await etl(['apply', 'job.yaml'], variables)
      expect(await changeOf('rule.yaml', '--dry-run')).toMatchObject({ kind: 'alertRule', change: 'create' })
      expect(await changeOf('rule.yaml')).toMatchObject({ kind: 'alertRule', name: 'failures', change: 'create' })
      expect(await changeOf('rule.yaml')).toMatchObject({ change: 'unchanged' })
      await etl(['export', 'failures', '--output', 'rules'], variables)
      const exported = await readFile(join(folder, 'rules', 'alertRule-failures.yaml'), 'utf8')
      expect(exported).not.toContain('opensesame')
      expect(parseAllDocuments(exported)[0]!.toJSON()).toMatchObject({ type: 'JOB_FAILED', job: 'copy' })
      expect(await changeOf('rules')).toMatchObject({ change: 'unchanged' })
      await writeFile(join(folder, 'rule.yaml'), rule('CRITICAL'))
      expect(await changeOf('rule.yaml')).toMatchObject({ change: 'update' })
      const rules = JSON.parse((await etl(['alerts', 'rules', '--json'], variables)).out).items
      expect(rules).toMatchObject([{ name: 'failures', level: 'CRITICAL', enabled: true }])
      const silenced = await etl(['alerts', 'silence', '--rule', 'failures', '--for', '1h', '--json'], variables)
      const { silenceId } = JSON.parse(silenced.out)
      expect((await etl(['alerts', 'silences'], variables)).out).toContain(silenceId)
      expect((await etl(['alerts', 'unsilence', silenceId], variables)).code).toBe(0)
      expect((await etl(['alerts', 'silences', '--json'], variables)).out).not.toContain(silenceId)
      expect(JSON.parse((await etl(['alerts', 'list', '--json'], variables)).out).items).toEqual([])
      expect(api.logged).not.toContain('opensesame')
    })
  })

  test('connections are looked into, and removed, by name', async () => {
    await served(async (_api, variables) => {
      await etl(['apply', 'shop.yaml'], variables)
      expect((await etl(['connections', 'usage', 'shop'], variables)).out).toBe('none\n')
      const discovered = await etl(['connections', 'discover', 'shop'], variables)
      expect(discovered.code).toBeGreaterThan(0)
      expect(discovered.err).not.toContain('opensesame')
      expect((await etl(['connections', 'delete', 'shop'], variables)).out).toBe('shop deleted\n')
      expect((await etl(['connections', 'usage', 'shop'], variables)).code).toBe(2)
      const rotated = await etl(['keys', 'rotate', '--json'], variables)
      expect(rotated.code).toBe(0)
      expect(JSON.parse(rotated.out)).toMatchObject({ connections: 0, unreadable: [] })
    })
  })

  test('secrets come on standard input and are never printed', async () => {
    await served(async (api, variables) => {
      const set = await etl(['secrets', 'set', 'WORD'], variables, 'opensesame\n')
      expect(set).toMatchObject({ code: 0 })
      expect(await api.deps.secrets.resolve('WORD')).toBe('opensesame')
      const listed = await etl(['secrets', 'list'], variables)
      expect(listed.out).toContain('WORD')
      expect(`${set.out}${set.err}${listed.out}`).not.toContain('opensesame')
      expect((await etl(['config', 'set', 'security.session_hours', '8'], variables)).out).toBe(
        'security.session_hours = 8\n',
      )
      expect((await etl(['config', 'get', 'security.session_hours'], variables)).out).toBe('8\n')
    })
  })
})
