import type { Connection } from 'mysql2/promise'
import { JobError, toJobError } from '../../core/errors/job-error.js'
import type { Fence } from '../../core/execution/fence.js'
import type { Schema } from '../../core/record/schema.js'
import type { OpenSink, Sink, SinkKey } from '../spi.js'
import { checkCondition } from './check-condition.js'
import { namesOfNewTable } from './check-names.js'
import { compareWithTarget } from './check-target.js'
import { type JdbcConnection, type JdbcSinkConfig, keyOf } from './config.js'
import { hostOf, openConnection, withConnection } from './connect.js'
import { finishReplace, finishReplaceWhere, makeShadow } from './finish.js'
import { mysqlFault } from './mysql-fault.js'
import { openJdbcSink } from './open-sink.js'
import { committedMark, prepareProgress, takeFence } from './progress.js'
import {
  checkEngine,
  hasUniqueKey,
  makeTarget,
  quotedTable,
  readTarget,
  shadowTable,
  writtenColumns,
} from './target.js'
import { allowsLoadData, type Destination } from './write-rows.js'

/** Writes into a table of MySQL or MariaDB, exactly once: data and mark in one transaction (DESIGN section 5). */
export function jdbcSink(config: JdbcSinkConfig, connection: JdbcConnection): Sink {
  /** What is written becomes visible only when the job ends. */
  const atEnd = config.mode === 'REPLACE' || config.replaceWhere !== undefined
  return {
    async check(input) {
      const target = await withConnection(connection, (open) => readTarget(open, config.table))
      if (target) return await problemsOf(config, connection, input, target)
      if (config.createTable) return namesOfNewTable(input, config)
      const message = `There is no table ${config.table}.`
      return [
        {
          pointer: '/table',
          nodeId: null,
          code: 'schema.mismatch',
          message,
          hint: 'Say `createTable: true` to have it made.',
        },
      ]
    },

    prepare: (keys, input) =>
      withConnection(connection, async (open) => {
        checkEngine(await makeTarget(open, config, input), config.table)
        await checkKey(open, config)
        await prepareProgress(open, keys)
        if (!atEnd || keys.length === 0) return
        await makeShadow(open, config, keys[0]!)
      }),

    open: (key, fence, input) => openWriter(config, connection, key, fence, input, atEnd),

    finish: (keys, fence) =>
      withConnection(connection, async (open) => {
        if (!atEnd || keys.length === 0) return
        // All writers are ended first: what they have committed is all there will be.
        for (const key of keys) await takeFence(open, key, fence)
        if (config.replaceWhere === undefined) await finishReplace(open, config, keys)
        else await finishReplaceWhere(open, config, keys, config.replaceWhere)
      }),
  }
}

async function openWriter(
  config: JdbcSinkConfig,
  access: JdbcConnection,
  key: SinkKey,
  fence: Fence,
  input: Schema,
  atEnd: boolean,
): Promise<OpenSink> {
  const connection = await openConnection(access)
  try {
    const token = await takeFence(connection, key, fence)
    const target = await readTarget(connection, config.table)
    if (!target) throw new JobError('sink.refused', `There is no table ${config.table} any more.`)
    const table = atEnd ? await shadowTable(connection, config.table, key) : await quotedTable(connection, config.table)
    const into: Destination = { table, columns: writtenColumns(input, target, config), order: null }
    const committed = await committedMark(connection, key)
    const loads = await allowsLoadData(connection)
    return openJdbcSink({ config, access, connection, key, token, into, committed, loads })
  } catch (error) {
    connection.destroy()
    throw mysqlFault(error, hostOf(access))
  }
}

async function problemsOf(
  config: JdbcSinkConfig,
  access: JdbcConnection,
  input: Schema,
  target: NonNullable<Awaited<ReturnType<typeof readTarget>>>,
) {
  const problems = [...compareWithTarget(input, target, config)]
  try {
    checkEngine(target, config.table)
    await withConnection(access, async (open) => {
      await checkKey(open, config)
      if (config.replaceWhere === undefined) return
      problems.push(...(await checkCondition(open, await quotedTable(open, config.table), config.replaceWhere)))
    })
  } catch (error) {
    const { code, message, hint, pointer } = toJobError(error)
    problems.push({ pointer: pointer ?? '/table', nodeId: null, code, message, hint: hint ?? null })
  }
  return problems
}

async function checkKey(connection: Connection, config: JdbcSinkConfig): Promise<void> {
  if (config.mode !== 'UPSERT' || (await hasUniqueKey(connection, config.table, keyOf(config)))) return
  throw new JobError(
    'sink.unsupported',
    `The table ${config.table} has no unique index on ${keyOf(config).join(', ')}.`,
    {
      pointer: '/key',
      hint: 'UPSERT needs a primary key or unique index on exactly these columns.',
    },
  )
}
