/** How large the tables are, how much of each is empty, and what the server counts. */
import type { HouseConnection } from './house-connection.js'

export interface TableSize {
  readonly name: string
  readonly dataBytes: number
  readonly indexBytes: number
  readonly freeBytes: number
  /** Its months are dropped, which gives their room back. */
  readonly isPartitioned: boolean
}

export async function tableSizes(house: HouseConnection): Promise<readonly TableSize[]> {
  const [server] = await house.query<{ version: string }>('SELECT VERSION() AS version')
  // MySQL 8 would answer with what it knew a day ago.
  if (server?.version.includes('MariaDB') === false)
    await house.execute('SET SESSION information_schema_stats_expiry = 0')
  const rows = await house.query<{ name: string; data: string; indexes: string; free: string; options: string | null }>(
    `SELECT TABLE_NAME AS name, DATA_LENGTH AS data, INDEX_LENGTH AS indexes, DATA_FREE AS free, CREATE_OPTIONS AS options
       FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'etl\\_%' AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`,
  )
  return rows.map(({ name, data, indexes, free, options }) => ({
    name,
    dataBytes: Number(data ?? 0),
    indexBytes: Number(indexes ?? 0),
    freeBytes: Number(free ?? 0),
    isPartitioned: /partitioned/i.test(options ?? ''),
  }))
}

/** null: done. */
export async function optimizeTable(house: HouseConnection, table: string): Promise<string | null> {
  const rows = await house.query<{ Msg_type: string; Msg_text: string }>(`OPTIMIZE TABLE \`${table}\``)
  return rows.find((row) => row.Msg_type.toLowerCase() === 'error')?.Msg_text ?? null
}

export interface ServerCounts {
  readonly slowQueries: number
  readonly uptimeSeconds: number
  readonly slowSeconds: number
}

export async function serverCounts(house: HouseConnection): Promise<ServerCounts> {
  const rows = await house.query<{ Variable_name: string; Value: string }>(
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Slow_queries', 'Uptime')",
  )
  const value = (name: string) => Number(rows.find((row) => row.Variable_name === name)?.Value ?? 0)
  const [limit] = await house.query<{ seconds: string | number }>('SELECT @@GLOBAL.long_query_time AS seconds')
  return {
    slowQueries: value('Slow_queries'),
    uptimeSeconds: value('Uptime'),
    slowSeconds: Number(limit?.seconds ?? 0),
  }
}
