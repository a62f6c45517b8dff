/** Whether the `where` of an EVENT schedule holds for an event: user SQL, so checked against the allow-list and run locked. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../core/errors/job-error.js'
import { openSession } from '../duckdb/open-session.js'
import { payloadFields, payloadValue } from '../duckdb/payload-value.js'
import { checkUserSql } from '../duckdb/user-sql.js'
import type { EngineParts } from './engine.js'

const LONGEST_MS = 2000

/** Throws `sql.refused`, `sql.invalid`, or what evaluating it came to. A field that the payload lacks is NULL. */
export async function eventConditionHolds(
  { scratch, memoryLimitBytes }: Pick<EngineParts, 'scratch' | 'memoryLimitBytes'>,
  where: string,
  payload: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const condition = await checkUserSql('CONDITION', where, { now: new Date().toISOString() })
  const value = payloadValue(payload, await payloadFields(where))
  const folder = join(scratch, `event-${randomUUID()}`)
  await mkdir(folder, { recursive: true })
  const session = await openSession({ folder, memoryLimitBytes: Math.min(memoryLimitBytes, SMALL), threads: 1 })
  const timer = setTimeout(() => session.interrupt(), LONGEST_MS)
  try {
    const [row] = await session.rows(`SELECT (${condition}) FROM (SELECT ${value} AS payload)`)
    return row?.[0] === true
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'cancelled') throw error
    throw new JobError('sql.invalid', `It took longer than ${LONGEST_MS / 1000} s.`)
  } finally {
    clearTimeout(timer)
    session.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const SMALL = 64 * 1024 ** 2
