/** A DuckDB session of the demo's own: it may touch the checkout, and nothing else. */
import { fileURLToPath } from 'node:url'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'

/** From dist/scripts/demo/ up to the checkout. */
export const checkout = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

export async function withSession<T>(run: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession({ folder: checkout, memoryLimitBytes: 2 ** 30, threads: 2 })
  try {
    return await run(session)
  } finally {
    session.close()
  }
}
