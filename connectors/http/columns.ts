import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { Session } from '../../duckdb/session.js'
import { declaredColumns } from '../declared-columns.js'
import { sourceConfig as fileConfig } from '../file/config.js'
import { inferColumns } from '../file/infer-columns.js'
import type { HttpSourceConfig } from './config.js'
import { type Asking, fetchPage, stopSql } from './fetch-page.js'
import { firstPage } from './pages.js'
import { firstNewest } from './plan-round.js'

/** Columns are inferred from so many records of the first page. */
const sampleRecords = 20_000

/** Declared, or as of a file of JSON lines. Throws `config.invalid`, `source.unreadable`, and what asking throws. */
export async function columnsOf(asking: Asking): Promise<Schema> {
  const { config, session } = asking
  await checkStop(config, session)
  const columns = config.columns ? await declaredColumns(config.columns, session) : await inferred(asking)
  const names = columns.map(({ name }) => name)
  const { column } = config.incremental ?? {}
  if (column === undefined || names.some((name) => sameName(name, column))) return columns
  throw new JobError('config.invalid', `There is no column \`${column}\`.`, {
    pointer: '/incremental/column',
    hint: nearestHint(column, names) ?? `There are: ${names.join(', ')}.`,
  })
}

async function inferred(asking: Asking): Promise<Schema> {
  const { config, session, endpoint } = asking
  await session.run('CREATE TABLE sample (json VARCHAR)')
  await fetchPage(asking, firstPage(config), firstNewest(config), 'sample')
  const rows = await session.rows(`SELECT json FROM sample WHERE json[1] = '{' LIMIT ${sampleRecords}`)
  if (rows.length === 0) throw cannotInfer(endpoint.shown, 'the first page has no records')
  const path = join(session.folder, 'records.jsonl')
  const lines = rows.map(([json]) => `${String(json)}\n`).join('')
  await writeFile(path, lines)
  try {
    const file = { path, size: Buffer.byteLength(lines), mtimeMs: 0 }
    return await inferColumns([file], 'jsonl', fileConfig.parse({ path, format: 'jsonl' }), session)
  } catch (error) {
    if (!isJobError(error) || error.code !== 'source.unreadable') throw error
    throw cannotInfer(endpoint.shown, error.message.split(' cannot be told: ')[1] ?? error.message, error)
  }
}

async function checkStop({ stopWhen }: HttpSourceConfig, session: Session): Promise<void> {
  if (stopWhen === undefined) return
  try {
    await session.describe(stopSql(stopWhen, 'SELECT NULL::JSON AS answer, 0::BIGINT AS records'))
  } catch (cause) {
    if (!isJobError(cause)) throw cause
    throw new JobError('config.invalid', cause.message, {
      cause,
      pointer: '/stopWhen',
      hint: "It is SQL over `answer` and `records`: `records < 100`, `answer ->> '/more' = 'false'`.",
    })
  }
}

const cannotInfer = (shown: string, why: string, cause?: unknown) =>
  new JobError('source.unreadable', `The columns of ${shown} cannot be told: ${why.replace(/\.$/, '')}.`, {
    cause,
    pointer: '/columns',
    hint: 'Declare `columns: {name: TYPE}`.',
  })
