import { JobError } from '../../core/errors/job-error.js'
import { defineConnector } from '../spi.js'
import { connectionConfig, type JdbcConnection, keyOf, sinkConfig, sourceConfig } from './config.js'
import { withConnection } from './connect.js'
import { rowsOf } from './mysql-sql.js'
import { jdbcSink } from './sink.js'
import { jdbcSource } from './source.js'

/** Databases that speak SQL: MySQL and MariaDB. */
export const jdbc = defineConnector({
  name: 'jdbc',
  summary: 'Reads and writes tables of MySQL and MariaDB.',
  connection: {
    config: connectionConfig,
    check: (connection) =>
      withConnection(connection, async (open) => {
        const [row] = await rowsOf(open, 'SELECT VERSION() AS version, CURRENT_USER() AS user')
        return `Connected to ${String(row?.version)} as ${String(row?.user)}.`
      }),
  },
  source: {
    config: sourceConfig,
    guarantees: { replayable: false, parallel: true },
    endless: ({ interval }) => interval !== undefined,
    open: (config, connection, { signal }) => jdbcSource(config, needed(connection), signal),
  },
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: true, upsert: true, parallel: true },
    takesQueries: true,
    // The last record of a key wins: they have to come one after the other.
    key: (config) => (config.mode === 'UPSERT' ? keyOf(config) : null),
    replaces: ({ mode, replaceWhere }) => mode === 'REPLACE' || replaceWhere !== undefined,
    open: (config, connection) => jdbcSink(config, needed(connection)),
  },
})

function needed(connection: JdbcConnection | null): JdbcConnection {
  if (connection) return connection
  throw new JobError('config.invalid', 'A connection is needed.', { pointer: '/connection' })
}
