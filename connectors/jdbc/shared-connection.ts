/** Connections of those who look now and then: one for each database, in turn, however many they are; closed after the last. */
import type { JdbcConnection } from './config.js'
import type { Db, Dialect } from './dialect.js'

interface Shared {
  users: number
  open: Promise<Db> | null
  /** Whoever asks waits for those who asked before. */
  turn: Promise<unknown>
}

type Question<T> = (db: Db) => Promise<T>
export type Ask = <T>(question: Question<T>) => Promise<T>

const shared = new Map<string, Shared>()

export async function withSharedConnection<T>(
  dialect: Dialect,
  access: JdbcConnection,
  use: (ask: Ask) => Promise<T>,
): Promise<T> {
  const key = JSON.stringify(access)
  const mine = shared.get(key) ?? { users: 0, open: null, turn: Promise.resolve() }
  shared.set(key, mine)
  mine.users += 1
  try {
    return await use((question) => {
      const answer = mine.turn.then(() => asked(mine, dialect, access, question))
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
async function asked<T>(mine: Shared, dialect: Dialect, access: JdbcConnection, question: Question<T>): Promise<T> {
  const isNew = mine.open === null
  try {
    mine.open ??= dialect.open(access)
    return await question(await mine.open)
  } catch (error) {
    await close(mine)
    if (isNew) throw dialect.fault(error, dialect.placeOf(access))
    return await asked(mine, dialect, access, question)
  }
}

async function close(mine: Shared): Promise<void> {
  const db = await mine.open?.catch(() => null)
  mine.open = null
  await db?.end().catch(() => db.destroy())
}
