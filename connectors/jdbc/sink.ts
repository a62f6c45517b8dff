import { JobError, toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { Fence } from '../../core/execution/fence.js'
import type { Schema } from '../../core/record/schema.js'
import type { OpenSink, Sink, SinkKey } from '../spi.js'
import { checkCondition } from './check-condition.js'
import { faultsOfKey, faultsOfNewColumns } from './check-names.js'
import { compareWithTarget } from './check-target.js'
import { type JdbcConnection, type JdbcSinkConfig, keyOf } from './config.js'
import { openDb, withDb } from './connect.js'
import type { Db, Dialect, Shadow } from './dialect.js'
import { dialectOf } from './dialects.js'
import { committedMark, isFinished, prepareProgress, takeFence } from './progress.js'
import { checkTransactions, makeTarget, shadowName, type Target, writtenColumns } from './target.js'

/** Writes into a table, exactly once: data and mark in one transaction (DESIGN section 5). */
export function jdbcSink(config: JdbcSinkConfig, access: JdbcConnection, signal: AbortSignal): Sink {
  const dialect = dialectOf(access)
  const { writing } = dialect
  const use = <T>(work: (db: Db) => Promise<T>) => withDb(dialect, access, signal, work)
  /** What is written becomes visible only when the job ends. */
  const atEnd = config.mode === 'REPLACE' || config.replaceWhere !== undefined
  const shadowOf = async (db: Db, keys: readonly SinkKey[]): Promise<Shadow> => {
    const name = shadowName(config.table, keys[0]!)
    return { config, keys, name, target: await writing.quoted(db, config.table), table: await writing.quoted(db, name) }
  }

  return {
    check: (input) =>
      use(async (db) => {
        const target = await writing.readTarget(db, config.table)
        if (target) return await problemsOf(dialect, db, config, input, target)
        if (config.createTable) return [...faultsOfNewColumns(writing, input), ...faultsOfKey(input, config)]
        const message = `There is no table ${config.table}.`
        const hint = 'Say `createTable: true` to have it made.'
        return [{ pointer: '/table', nodeId: null, code: 'schema.mismatch', message, hint }]
      }),

    prepare: (keys, input) =>
      use(async (db) => {
        checkTransactions(await makeTarget(dialect, db, config, input), config.table)
        await checkKey(dialect, db, config)
        await checkReplace(dialect, db, config)
        await prepareProgress(dialect, db, keys)
        // An empty shadow must never be published: none is made where this lineage has done so.
        if (!atEnd || keys.length === 0 || (await isFinished(dialect, db, keys[0]!))) return
        await writing.makeShadow(dialect, db, await shadowOf(db, keys))
      }),

    async open(key, fence, input) {
      const db = await openDb(dialect, access, signal)
      try {
        return await openWriter(dialect, { db, config, access, key }, fence, input, atEnd)
      } catch (error) {
        db.destroy()
        throw dialect.fault(error, dialect.placeOf(access))
      }
    },

    finish: (keys, fence) =>
      use(async (db) => {
        if (!atEnd || keys.length === 0) return
        // All writers are ended first: what they have committed is all there will be.
        for (const key of keys) await takeFence(dialect, db, key, fence)
        await writing.publish(dialect, db, await shadowOf(db, keys), config.replaceWhere ?? null)
      }),
  }
}

interface Opening {
  readonly db: Db
  readonly config: JdbcSinkConfig
  readonly access: JdbcConnection
  readonly key: SinkKey
}

async function openWriter(
  dialect: Dialect,
  opening: Opening,
  fence: Fence,
  input: Schema,
  atEnd: boolean,
): Promise<OpenSink> {
  const { db, config, key } = opening
  const token = await takeFence(dialect, db, key, fence)
  const target = await dialect.writing.readTarget(db, config.table)
  if (!target) throw new JobError('sink.refused', `There is no table ${config.table} any more.`)
  const table = await dialect.writing.quoted(db, atEnd ? shadowName(config.table, key) : config.table)
  const into = { table, columns: writtenColumns(input, target, config), order: null }
  return await dialect.writing.openSink(dialect, { ...opening, token, into, committed: await committedMark(db, key) })
}

async function problemsOf(
  dialect: Dialect,
  db: Db,
  config: JdbcSinkConfig,
  input: Schema,
  target: Target,
): Promise<readonly Problem[]> {
  const problems = [...compareWithTarget(dialect.writing, input, target, config)]
  try {
    checkTransactions(target, config.table)
    await checkKey(dialect, db, config)
    await checkReplace(dialect, db, config)
    if (config.replaceWhere === undefined) return problems
    const table = await dialect.writing.quoted(db, config.table)
    return [...problems, ...(await checkCondition(dialect, db, table, config.replaceWhere))]
  } catch (error) {
    const { code, message, hint, pointer } = toJobError(error)
    return [...problems, { pointer: pointer ?? '/table', nodeId: null, code, message, hint: hint ?? null }]
  }
}

async function checkReplace({ writing }: Dialect, db: Db, { mode, table }: JdbcSinkConfig): Promise<void> {
  if (mode === 'REPLACE') await writing.checkReplace?.(db, table)
}

async function checkKey({ writing }: Dialect, db: Db, config: JdbcSinkConfig): Promise<void> {
  if (config.mode !== 'UPSERT' || (await writing.hasUniqueKey(db, config.table, keyOf(config)))) return
  throw new JobError(
    'sink.unsupported',
    `The table ${config.table} has no unique index on ${keyOf(config).join(', ')}.`,
    {
      pointer: '/key',
      hint: 'UPSERT needs a primary key or unique index on exactly these columns.',
    },
  )
}
