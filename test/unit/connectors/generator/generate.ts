/** Makes records of a config, as a job would. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sourceConfig } from '../../../../connectors/generator/config.js'
import type { GeneratorSplit } from '../../../../connectors/generator/plan-records.js'
import { generatorSource } from '../../../../connectors/generator/source.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { type AllRead, readSplit } from '../../../conformance/read-all.js'

export async function withSession(threads: number, run: (session: Session) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'generator-'))
  await mkdir(join(folder, 'session'))
  const session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads })
  try {
    await run(session)
  } finally {
    session.close()
    await rm(folder, { recursive: true, force: true })
  }
}

export async function readRanges(
  columns: Readonly<Record<string, unknown>>,
  ranges: readonly GeneratorSplit[],
  session: Session,
  seed = 0,
): Promise<AllRead> {
  const all: AllRead = { records: [], rejected: [], positions: [], places: [], epochs: [], bytes: [] }
  const source = generatorSource(sourceConfig.parse({ columns, seed }))
  for (const range of ranges) await readSplit(source, range, session, all)
  return all
}

export const schemaOf = (columns: Readonly<Record<string, unknown>>) =>
  generatorSource(sourceConfig.parse({ columns })).schema()
