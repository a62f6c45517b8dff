/** A folder that files come into while a STREAMING job reads it, and the table that it writes. */
import { execFile } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onServer, withDatabase, withMigratedDatabase } from './lend.js'
import { temporalAddress } from './namespace.js'
import { type Stack, withStack } from './stack.js'
import { until } from './until.js'

export interface Feed {
  readonly stack: Stack
  readonly catalogue: string
  readonly target: string
  /** Another file of a hundred records. */
  put(): Promise<void>
  /** All that was put is in the target. */
  arrived(): Promise<void>
  /** How many were put. */
  records(): number
}

/** The source of a job that reads what is put. */
export const fedLines = {
  id: 'lines',
  source: 'file',
  config: { path: 'in-*.csv', watch: true, columns: { id: 'BIGINT', k: 'BIGINT' } },
}

export async function withFeed(run: (feed: Feed) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (catalogue) => {
    await withDatabase(async (target) => {
      await withStack({ mysql: catalogue, temporal: temporalAddress() }, async (stack) => {
        await writeFile(join(stack.files, 'names.csv'), 'k,name\n0,zero\n1,one\n2,two\n')
        let number = 0
        const put = async () => {
          const ids = Array.from({ length: 100 }, (_, n) => number * 100 + n)
          const lines = ids.map((id) => `${id},${id % 4}`)
          await putFile(stack, `in-${String(number).padStart(3, '0')}.csv`, `id,k\n${lines.join('\n')}\n`)
          number += 1
        }
        const records = () => number * 100
        const arrived = async () => {
          await until(`${records()} records are there`, async () => (await count(target)) >= records())
        }
        await run({ stack, catalogue, target, put, arrived, records })
      })
    })
  })
}

/** The command line, on this server. */
export async function etl(stack: Stack, args: readonly string[]): Promise<string> {
  const launcher = fileURLToPath(new URL('../../bin/etl.js', import.meta.url))
  const env = { ...process.env, NODE_OPTIONS: '', ETL_API_URL: stack.url, ETL_TOKEN: stack.token() }
  const ran = promisify(execFile)(process.execPath, [launcher, ...args], { env })
  // What went wrong is told on standard output, as JSON.
  return await ran.then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ''}`)
    },
  )
}

/** A file appears whole. */
export async function putFile(stack: Stack, name: string, text: string): Promise<void> {
  const hidden = join(stack.files, `.${name}`)
  await writeFile(hidden, text)
  await rename(hidden, join(stack.files, name))
}

export async function count(url: string, table = 'seen'): Promise<number> {
  const rows = (await onServer(url, `SELECT COUNT(*) AS n FROM ${table}`).catch(() => [])) as { n: number }[]
  return rows[0]?.n ?? 0
}
