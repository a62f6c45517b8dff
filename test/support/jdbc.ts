/** Sources and sinks of databases, driven by hand: one epoch after the other. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jdbc } from '../../connectors/jdbc/index.js'
import type { ConnectorContext, RejectedRow, Sink, SinkKey, Source } from '../../connectors/spi.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'
import { type AllRead, readAll } from '../conformance/read-all.js'
import { fence, mark } from '../conformance/sink-suite.js'

export const context: ConnectorContext = { base: '/', fileRoots: null, signal: new AbortController().signal }

export const sinkOf = (url: string, config: Record<string, unknown>): Sink =>
  jdbc.sink!.open(jdbc.sink!.config.parse({ connection: { url }, ...config }), { url }, context)

export const sourceOf = (url: string, config: Record<string, unknown>, signal = context.signal): Source =>
  jdbc.source!.open(jdbc.source!.config.parse({ connection: { url }, ...config }), { url }, { ...context, signal })

export const newKey = (): SinkKey => ({ lineageId: randomUUID(), sinkUid: 'out', subtask: 0 })

export async function withSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-jdbc-'))
  const session = await openSession({ folder, memoryLimitBytes: 512 * 1024 * 1024, threads: 1 })
  try {
    return await use(session)
  } finally {
    session.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes what a SELECT gives as one epoch. */
export async function writeEpoch(
  session: Session,
  sink: Sink,
  key: SinkKey,
  select: string,
  epoch = 1,
): Promise<readonly RejectedRow[]> {
  await session.run(`CREATE OR REPLACE TABLE written AS ${select}`)
  const schema = await session.describe('SELECT * FROM written')
  const records = await session.count('SELECT count(*) FROM written')
  await sink.prepare([key], schema, fence())
  const open = await sink.open(key, fence({ epoch }), schema)
  try {
    const rejected = await open.append({ table: '"written"', schema, records }, session)
    await open.commit(mark(epoch, records - rejected.length))
    return rejected
  } finally {
    await open.close()
  }
}

/** Everything of a source through a file of Parquet into a sink. Throws where the sink refuses the schema. */
export async function copyThroughParquet(session: Session, source: Source, sink: Sink): Promise<AllRead> {
  const file = join(session.folder, `${randomUUID()}.parquet`)
  const all = await readAll(source, session)
  await session.run(`COPY batch TO '${file}' (FORMAT parquet)`)
  const problems = await sink.check(await session.describe(`SELECT * FROM read_parquet('${file}')`))
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join(' '))
  const rejected = await writeEpoch(session, sink, newKey(), `SELECT * FROM read_parquet('${file}')`)
  if (rejected.length > 0) throw new Error(rejected.map(({ message }) => message).join(' '))
  return all
}
