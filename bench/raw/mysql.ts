import { createReadStream } from 'node:fs'
import { createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'

/** Statements on a connection of their own. */
export async function runMysql(uri: string, ...statements: readonly string[]): Promise<RowDataPacket[]> {
  const connection = await createConnection({ uri, charset: 'utf8mb4' })
  try {
    let rows: RowDataPacket[] = []
    for (const statement of statements) [rows] = await connection.query<RowDataPacket[]>(statement)
    return rows
  } finally {
    await connection.end()
  }
}

/** LOAD DATA of a CSV file, committed; answers how many rows. */
export async function loadFile(uri: string, table: string, file: string): Promise<number> {
  const connection = await createConnection({ uri, charset: 'utf8mb4', flags: ['+LOCAL_FILES'] })
  try {
    await connection.query("SET time_zone = '+00:00'")
    const [result] = await connection.query<ResultSetHeader>({
      sql: `LOAD DATA LOCAL INFILE 'file' INTO TABLE ${table} CHARACTER SET utf8mb4
        FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n'`,
      infileStreamFactory: () => createReadStream(file, { highWaterMark: 1024 * 1024 }),
    })
    return result.affectedRows
  } finally {
    await connection.end()
  }
}
