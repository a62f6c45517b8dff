/** Opens a locked-down DuckDB instance in memory (DESIGN section 6, Session). */
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Schema } from '../core/record/schema.js'
import { appendColumns } from './append.js'
import { duckdbError, type Moment } from './errors.js'
import type { Session, SessionOptions } from './session.js'
import { text } from './sql.js'
import { toJavaScript } from './values.js'

/** Within the session's folder; DuckDB makes it once, when it is first needed, and clears away its own files in it. */
export const spillName = 'spill'

export async function openSession(options: SessionOptions): Promise<Session> {
  const instance = await translated(options.folder, 'RUN', () =>
    DuckDBInstance.create(':memory:', startSettings(options)),
  )
  try {
    const connection = await instance.connect()
    await translated(options.folder, 'RUN', () => connection.run(lockDown(options.folder)))
    return new OpenSession(options.folder, instance, connection, true)
  } catch (error) {
    instance.closeSync()
    throw error
  }
}

function startSettings({ folder, memoryLimitBytes, threads }: SessionOptions): Record<string, string> {
  return {
    memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB`,
    threads: String(threads),
    temp_directory: join(folder, spillName),
    preserve_insertion_order: 'true',
    // It makes a join of a long `x IN (…)`, and with several threads a join does not keep the order of records (I9).
    ...(threads > 1 && { disabled_optimizers: 'in_clause' }),
    // A file of ours may have the name, size and time of one before it: the cache would give a mixture of both.
    enable_external_file_cache: 'false',
    autoload_known_extensions: 'false',
    autoinstall_known_extensions: 'false',
  }
}

/** The order matters: folders can be allowed only before access is closed, and the lock closes the rest. */
function lockDown(folder: string): string {
  return `
    SET TimeZone = 'UTC';
    SET allowed_directories = [${text(folder)}];
    SET enable_external_access = false;
    SET lock_configuration = true`
}

class OpenSession implements Session {
  private readonly others = new Set<OpenSession>()
  private closed = false
  private atWork = 0

  constructor(
    readonly folder: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    private readonly ownsInstance: boolean,
  ) {}

  run(sql: string): Promise<void> {
    return this.working('RUN', async () => {
      await this.connection.run(sql)
    })
  }

  rows(sql: string): Promise<unknown[][]> {
    return this.working('RUN', async () => {
      const reader = await this.connection.runAndReadAll(sql)
      return reader.getRows().map((row) => row.map(toJavaScript))
    })
  }

  async count(sql: string): Promise<number> {
    return Number((await this.rows(sql))[0]?.[0] ?? 0)
  }

  describe(select: string): Promise<Schema> {
    return this.working('BIND', () => describeSelect(this.connection, select))
  }

  append(table: string, columns: readonly (readonly unknown[])[]): Promise<void> {
    return this.working('RUN', () => appendColumns(this.connection, table, columns))
  }

  async connect(): Promise<Session> {
    const connection = await this.working('RUN', () => this.instance.connect())
    for (const known of this.others) if (known.closed) this.others.delete(known)
    const other = new OpenSession(this.folder, this.instance, connection, false)
    this.others.add(other)
    return other
  }

  interrupt(): void {
    if (this.closed && this.atWork === 0) return
    this.connection.interrupt()
    for (const other of this.others) other.interrupt()
  }

  close(): void {
    if (this.closed) return
    for (const other of this.others) other.close()
    this.closed = true
    if (this.atWork === 0) this.release()
    else this.interrupt()
  }

  private release(): void {
    this.connection.closeSync()
    if (this.ownsInstance) this.instance.closeSync()
  }

  /** A connection that is closed under its statement waits for itself when that ends, and the process for it: never. */
  private async working<T>(moment: Moment, work: () => Promise<T>): Promise<T> {
    this.atWork += 1
    try {
      return await translated(this.folder, moment, work)
    } finally {
      this.atWork -= 1
      if (this.closed && this.atWork === 0) this.release()
    }
  }
}

export async function describeSelect(connection: DuckDBConnection, select: string): Promise<Schema> {
  const reader = await connection.runAndReadAll(`DESCRIBE ${select}`)
  return reader.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
}

async function translated<T>(folder: string, moment: Moment, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw duckdbError(error, moment, folder)
  }
}
