/**
 * A connection of its own for what keeps house: its settings differ from the pool's, and DDL must not wait long for a
 * lock, because everybody who comes after it would wait behind it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { answeringConnections } from '../../answering.js'
import { connectionOptions, parseTarget } from '../../connection-url.js'
import { driverCode, isTransient, toDatabaseError } from '../../database-error.js'

export interface HouseConnection {
  /** Values are bound by name. */
  query<T extends object>(sql: string, values?: Values): Promise<readonly T[]>
  /** Answers how many rows changed. */
  execute(sql: string, values?: Values): Promise<number>
  /** All or nothing; again from its start where it met another. */
  transaction<T>(run: () => Promise<T>): Promise<T>
  /** Waits for its lock a little, often: others go on in between. False: it was not to be had. */
  alter(sql: string): Promise<boolean>
  /** One column of one text after another, as they come. */
  lines(sql: string, values?: Values): AsyncIterable<string>
}

type Values = Readonly<Record<string, unknown>>

const ALTER_TRIES = 10
const TRIES = 6

export async function withHouseConnection<T>(url: string, run: (house: HouseConnection) => Promise<T>): Promise<T> {
  const target = parseTarget(url)
  const raw = answeringConnections()({
    ...connectionOptions(target),
    database: target.database,
    namedPlaceholders: true,
    dateStrings: true,
  })
  // A lost connection fails the query that it interrupts; nobody else has to hear of it.
  raw.on('error', () => undefined)
  const connection = raw.promise()
  const ask = async (sql: string, values: Values = {}) => {
    try {
      return (await connection.query({ sql, values } as never))[0]
    } catch (error) {
      throw toDatabaseError(error)
    }
  }
  const house: HouseConnection = {
    query: async <R extends object>(sql: string, values?: Values) =>
      (await ask(sql, values)) as unknown as readonly R[],
    execute: async (sql, values) => affectedRows(await ask(sql, values)),
    transaction: async (work) => {
      for (let tried = 1; ; tried += 1) {
        try {
          await ask('START TRANSACTION')
          const answer = await work()
          await ask('COMMIT')
          return answer
        } catch (error) {
          await ask('ROLLBACK').catch(() => undefined)
          if (!isTransient(error) || tried === TRIES) throw error
          await sleep(50 * 2 ** tried)
        }
      }
    },
    alter: async (sql) => {
      for (let tried = 1; tried <= ALTER_TRIES; tried += 1) {
        try {
          await ask(sql)
          return true
        } catch (error) {
          if (driverCode(error) !== 'ER_LOCK_WAIT_TIMEOUT') throw error
          await sleep(500)
        }
      }
      return false
    },
    async *lines(sql, values = {}) {
      const rows = raw.query({ sql, values, rowsAsArray: true } as never).stream({ highWaterMark: 1000 })
      try {
        for await (const row of rows) yield String((row as readonly unknown[])[0])
      } catch (error) {
        throw toDatabaseError(error)
      }
    },
  }
  try {
    await ask("SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'")
    await ask('SET SESSION innodb_lock_wait_timeout = 3, lock_wait_timeout = 1')
    await ask('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
    return await run(house)
  } finally {
    await connection.end().catch(() => undefined)
  }
}

function affectedRows(result: unknown): number {
  return typeof result === 'object' && result !== null && 'affectedRows' in result ? Number(result.affectedRows) : 0
}
