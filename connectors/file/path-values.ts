/** Values that stand in the names of folders, `dt=2026-01-31/`, as columns. */
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import { pointerTo } from '../../core/spec/pointer.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { exactValues } from '../exact-values.js'
import type { SourceBatch } from '../spi.js'
import { noValue } from './partition.js'

/** Their columns, among those of the source, and what the files themselves hold. */
export interface PathColumns {
  readonly inPath: Schema
  readonly inFile: Schema
}

export function pathColumns(schema: Schema, pathColumns: Readonly<Record<string, string>> = {}): PathColumns {
  const isInPath = ({ name }: Schema[number]) => Object.hasOwn(pathColumns, name)
  return { inPath: schema.filter(isInPath), inFile: schema.filter((column) => !isInPath(column)) }
}

/** Adds them to batches of this file. Throws `schema.mismatch` where its path does not name them, or not of their types. */
export async function withPathValues(
  file: string,
  inPath: Schema,
  session: Session,
): Promise<(batch: SourceBatch) => SourceBatch> {
  if (inPath.length === 0) return (batch) => batch
  const folders = new Map(file.split('/').flatMap((folder) => namedValue(folder)))
  const exactly = exactValues(inPath, { points: true, exponents: true, json: false, marked: false })
  const values: string[] = []
  for (const { name, type } of inPath) {
    const value = folders.get(name)
    if (value === undefined) throw wrong(`The path ${file} has no folder \`${name}=…\`.`, name)
    const literal = value === noValue ? 'NULL' : text(value)
    const cast = exactly.value(name, `CAST(${literal} AS VARCHAR)`) ?? `CAST(${literal} AS ${type})`
    const [[fits] = []] = await session.rows(`SELECT ${literal} IS NULL OR TRY(${cast}) IS NOT NULL`)
    if (fits !== true) throw wrong(`The path ${file} does not hold a value of type ${type} for \`${name}\`.`, name)
    values.push(`${cast} AS ${identifier(name)}`)
  }
  const added = (select: string) => `SELECT *, ${values.join(', ')} FROM (${select})`
  return (batch) => ({
    ...batch,
    select: added(batch.select),
    ...(batch.view !== undefined && { view: added(batch.view) }),
    async isolate() {
      const { select, rejected } = await batch.isolate()
      return { select: added(select), rejected }
    },
  })
}

function namedValue(folder: string): [string, string][] {
  const at = folder.indexOf('=')
  return at < 1 ? [] : [[decoded(folder.slice(0, at)), decoded(folder.slice(at + 1))]]
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

const wrong = (message: string, name: string) =>
  new JobError('schema.mismatch', message, {
    pointer: pointerTo(['pathColumns', name]),
    hint: 'Say under `pathColumns` what the folders hold, or leave the file out of `path`.',
  })
