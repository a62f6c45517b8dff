import type { Socket } from 'node:net'
import type { Connection } from 'mysql2/promise'
import type { JdbcConnection } from '../config.js'
import type { Db } from '../dialect.js'
import { openConnection } from './connect.js'
import { execute, rowsOf } from './sql.js'

export interface MysqlDb extends Db {
  readonly client: Connection
}

export async function openDb(access: JdbcConnection): Promise<MysqlDb> {
  const client = await openConnection(access)
  return {
    client,
    rows: (sql, values) => rowsOf(client, sql, values),
    execute: async (sql, values) => (await execute(client, sql, values)).affectedRows,
    sent: () => streamOf(client).bytesWritten,
    end: () => client.end(),
    destroy: () => client.destroy(),
  }
}

function streamOf(client: Connection): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}
