import { rm } from 'node:fs/promises'
import type { Session } from '../../duckdb/session.js'
import type { Mark, OpenSink, RejectedRow, SinkBatch, SinkQuery, StagedBatch } from '../spi.js'
import { withDb } from './connect.js'
import type { Dialect, Writer } from './dialect.js'
import { fenced, holdsFence, setMark } from './progress.js'

/** How batches get into the open transaction. */
export interface Loading {
  readonly method: string
  write(batch: SinkBatch, session: Session): Promise<readonly RejectedRow[]>
  /** `files`: those that wait to be appended. */
  stageQuery?(query: SinkQuery, session: Session, files: Set<string>): Promise<StagedBatch>
}

/** One epoch is one transaction, which begins with its first batch. */
export function openTransaction(dialect: Dialect, writer: Writer, loading: Loading): OpenSink {
  const { db } = writer
  const files = new Set<string>()
  const before = db.sent?.() ?? 0
  let begun = false
  let closed = false
  const begin = async () => {
    if (begun) return
    await db.execute(dialect.begin)
    begun = true
  }
  const inTransaction = <T>(work: () => Promise<T>) => guarded(dialect, writer, () => begin().then(work))
  return {
    committed: writer.committed,
    method: loading.method,
    ...(db.sent && { bytes: () => db.sent!() - before }),
    append: (batch, session) =>
      batch.records === 0 ? Promise.resolve([]) : inTransaction(() => loading.write(batch, session)),
    ...(loading.stageQuery && {
      stageQuery: async (query: SinkQuery, session: Session) => {
        const { records, append } = await loading.stageQuery!(query, session, files)
        return { records, append: () => inTransaction(append) }
      },
    }),
    commit: (mark: Mark) =>
      inTransaction(async () => {
        if (!(await setMark(db, writer.key, writer.token, mark))) {
          await db.execute('ROLLBACK')
          throw fenced()
        }
        await db.execute('COMMIT')
        begun = false
      }),
    async close() {
      if (closed) return
      closed = true
      // Without commit the server rolls back, and frees the lock.
      if (begun) db.destroy()
      else await db.end().catch(() => db.destroy())
      for (const file of files) await rm(file, { force: true })
    },
  }
}

/** A connection that was ended by a newer writer looks like a lost one: the fence says which it was. */
async function guarded<T>(dialect: Dialect, { access, key, token }: Writer, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (dialect.isLost(error)) {
      const never = new AbortController().signal
      const mine = await withDb(dialect, access, never, (db) => holdsFence(db, key, token)).catch(() => true)
      if (!mine) throw fenced()
    }
    throw dialect.fault(error, dialect.placeOf(access))
  }
}
