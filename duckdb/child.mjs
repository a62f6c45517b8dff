/**
 * A DuckDB in a process of its own, for SQL that may be ended: one small instance in memory, which spills nowhere and reaches
 * nothing. Plain JavaScript, because it has to run as it stands, from the sources and from the build.
 */
import { DuckDBInstance } from '@duckdb/node-api'

let connection = null

process.on('disconnect', () => process.exit())
process.on('message', (asked) => {
  if (asked.kind === 'OPEN') void answer(() => open(asked), 'OPENED')
  else if (asked.kind === 'ROW') void answer(() => row(asked), 'ROW')
})

async function answer(work, kind) {
  try {
    process.send({ kind, values: await work() })
  } catch (error) {
    process.send({ kind: 'FAILED', message: error instanceof Error ? error.message : String(error) })
  }
}

async function open({ memoryLimitBytes }) {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB`,
    threads: '1',
    temp_directory: '',
    autoload_known_extensions: 'false',
    autoinstall_known_extensions: 'false',
  })
  connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'; SET enable_external_access = false; SET lock_configuration = true")
  return []
}

/** The first, as text, true, false and null. */
async function row({ sql }) {
  const reader = await connection.runAndReadAll(sql)
  return (reader.getRows()[0] ?? []).map((value) =>
    value === null || typeof value === 'boolean' ? value : String(value).slice(0, 1000),
  )
}
