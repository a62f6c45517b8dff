/**
 * Every route of the published description, called as ADMIN with what it says and with what it does not, on the whole stack:
 * no answer of 5xx, none that the description does not have. ETL_FUZZ_SECONDS makes it longer (`npm run proof:fuzz`).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { fuzzProgram } from '../../scripts/setup/fuzz-program.mjs'
import { type Description, knowing, makeThings } from '../support/known-things.js'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'

const seconds = Number(process.env.ETL_FUZZ_SECONDS ?? 40)
const program = (await fuzzProgram()) as string | null
const fuzzed = program === null ? test.skip : test

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
]

fuzzed(
  'no call that the description allows or forbids is answered with 5xx or with what the description does not have',
  async () => {
    await withMigratedDatabase(async (mysql) => {
      const quiet = { ETL_LOG_LEVEL: 'warn', ETL_API_RATE_LIMIT: '0' }
      await withStack(
        { mysql, temporal: temporalAddress() },
        async (stack) => {
          const { code, report } = await fuzz(stack)
          const log = await readFile(join(stack.logs, 'api.log'), 'utf8')
          // Of the level error: a fault of ours, or an entry of the audit that could not be written.
          const faults = log.split('\n').filter((line) => /"level":[56]0/.test(line))
          await keepReport(report, log)
          if (code !== 0) process.stderr.write(`${report}\n`)
          expect(faults).toEqual([])
          expect(code).toBe(0)
        },
        quiet,
      )
    })
  },
  (seconds + 240) * 1000,
)

/** Its own log-out and password are not among the calls: the rest would be fuzzed as nobody. */
async function fuzz(stack: Stack): Promise<{ readonly code: number; readonly report: string }> {
  const config = join(stack.logs, 'schemathesis.toml')
  // Not on the command line, where everybody on the machine could read it.
  await writeFile(config, 'headers = { Authorization = "Bearer ${FUZZ_TOKEN}" }\n', { mode: 0o600 })
  const { body } = await stack.request<Description>('GET', '/api/v1/openapi.json')
  const description = join(stack.logs, 'openapi.json')
  await writeFile(description, JSON.stringify(knowing(body, await makeThings(stack))))
  const phases = seconds < 120 ? 'coverage,fuzzing' : 'examples,coverage,fuzzing,stateful'
  const child = spawn(
    program as string,
    [
      ...['--config-file', config, 'run', description, '--url', `${stack.url}/api/v1`],
      ...['--phases', phases, '--max-time', String(seconds), '--checks', CHECKS.join(',')],
      ...['--exclude-path', '/auth/logout', '--request-timeout', '30', '--no-color'],
      ...[
        '--generation-database',
        'none',
        '--suppress-health-check',
        'all',
        '--warnings',
        'off',
        '--continue-on-failure',
      ],
      ...(process.env.ETL_FUZZ_SEED === undefined ? [] : ['--seed', process.env.ETL_FUZZ_SEED]),
    ],
    { cwd: stack.logs, env: { ...process.env, FUZZ_TOKEN: stack.token() }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let report = ''
  child.stdout.on('data', (chunk) => (report += String(chunk)))
  child.stderr.on('data', (chunk) => (report += String(chunk)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? 1, report }
}

async function keepReport(report: string, log: string): Promise<void> {
  const path = process.env.ETL_FUZZ_REPORT
  if (path === undefined) return
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${report}\n--- log of the API ---\n${log}`)
}
