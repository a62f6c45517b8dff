import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSession } from '../duckdb/open-session.js'
import type { Session } from '../duckdb/session.js'

/** A session of its own, for looking at files outside of any execution. */
export async function withOwnSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
  return await withOwnFolder((folder) => withSessionIn(folder, use))
}

export async function withOwnFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-look-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function withSessionIn<T>(folder: string, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession({ folder, memoryLimitBytes: 1024 * 1024 * 1024, threads: 1 })
  try {
    return await use(session)
  } finally {
    session.close()
  }
}
