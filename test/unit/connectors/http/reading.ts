/** What tests of the source share: a session, and reading as the engine does. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { http } from '../../../../connectors/http/index.js'
import type { Capture, ConnectorContext, Source } from '../../../../connectors/spi.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'

export async function withSession(run: (session: Session) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'http-'))
  await mkdir(join(folder, 'session'))
  const session = await openSession({
    folder: join(folder, 'session'),
    memoryLimitBytes: 512 * 1024 * 1024,
    threads: 1,
  })
  try {
    await run(session)
  } finally {
    session.close()
    await rm(folder, { recursive: true, force: true })
  }
}

export const context = (given: Partial<ConnectorContext> = {}): ConnectorContext => ({
  base: '/',
  fileRoots: [],
  privateHosts: null,
  signal: new AbortController().signal,
  ...given,
})

/** Waits for repetitions are short, unless a test says more. */
const quick = { retry: { delay: '10ms', maxDelay: '20ms' } }

export function sourceOf(config: Record<string, unknown>, connection: unknown = null, ctx = context()): Source {
  const parsed = connection === null ? null : http.connection!.config.parse(connection)
  return http.source!.open(
    http.source!.config.parse({ ...quick, ...config, ...(parsed !== null && { connection: parsed }) }),
    parsed,
    ctx,
  )
}

/** Keeps what is captured first, as the store does. */
export function captureIn(session: Session): Capture {
  const stored = join(session.folder, 'stored.parquet')
  const copy = join(session.folder, 'fetched.parquet')
  let isKept = false
  const fetch = async () => {
    await copyFile(stored, copy)
    return copy
  }
  return {
    existing: async () => (isKept ? await fetch() : null),
    async keep(_name, file) {
      if (isKept) return await fetch()
      isKept = true
      await copyFile(file, stored)
      return file
    },
  }
}
