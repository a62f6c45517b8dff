/** Connections of those who look now and then: one for each database, in turn, however many they are; closed after the last. */
import type { Connection } from 'mysql2/promise'
import type { JdbcConnection } from './config.js'
import { hostOf, openConnection } from './connect.js'
import { mysqlFault } from './mysql-fault.js'

interface Shared {
  users: number
  open: Promise<Connection> | null
  /** Whoever asks waits for those who asked before. */
  turn: Promise<unknown>
}

type Question<T> = (connection: Connection) => Promise<T>
export type Ask = <T>(question: Question<T>) => Promise<T>

const shared = new Map<string, Shared>()

export async function withSharedConnection<T>(config: JdbcConnection, use: (ask: Ask) => Promise<T>): Promise<T> {
  const key = JSON.stringify(config)
  const mine = shared.get(key) ?? { users: 0, open: null, turn: Promise.resolve() }
  shared.set(key, mine)
  mine.users += 1
  try {
    return await use((question) => {
      const answer = mine.turn.then(() => asked(mine, config, question))
      mine.turn = answer.catch(() => undefined)
      return answer
    })
  } finally {
    mine.users -= 1
    if (mine.users === 0) {
      shared.delete(key)
      await close(mine)
    }
  }
}

/** One that lay idle may be dead without knowing: then a new one answers. */
async function asked<T>(mine: Shared, config: JdbcConnection, question: Question<T>): Promise<T> {
  const isNew = mine.open === null
  try {
    mine.open ??= openConnection(config)
    return await question(await mine.open)
  } catch (error) {
    await close(mine)
    if (isNew) throw mysqlFault(error, hostOf(config))
    return await asked(mine, config, question)
  }
}

async function close(mine: Shared): Promise<void> {
  const connection = await mine.open?.catch(() => null)
  mine.open = null
  await connection?.end().catch(() => connection.destroy())
}
