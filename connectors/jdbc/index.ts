import { JobError } from '../../core/errors/job-error.js'
import { type ConnectorContext, defineConnector } from '../spi.js'
import { connectionConfig, type JdbcConnection, keyOf, sinkConfig, sourceConfig } from './config.js'
import { withDb } from './connect.js'
import { dialectOf } from './dialects.js'
import { jdbcSink } from './sink.js'
import { jdbcSource } from './source.js'

/** Databases that speak SQL. */
export const jdbc = defineConnector({
  name: 'jdbc',
  summary: 'Reads and writes tables of MySQL, MariaDB, PostgreSQL and SQLite.',
  connection: {
    config: connectionConfig,
    check: async (given, ctx) => {
      const connection = needed(given, ctx)
      const { signal } = ctx
      const dialect = dialectOf(connection)
      return withDb(dialect, connection, signal, async (db) => {
        const [row] = await db.rows(dialect.greeting)
        return `Connected to ${String(row?.version)} as ${String(row?.user)}.`
      })
    },
    discover: async (given, ctx) => {
      const connection = needed(given, ctx)
      const { signal } = ctx
      const dialect = dialectOf(connection)
      return withDb(dialect, connection, signal, (db) => dialect.discover(db))
    },
  },
  source: {
    config: sourceConfig,
    guarantees: { replayable: false, parallel: true },
    givesViews: () => true,
    endless: ({ interval }) => interval !== undefined,
    open: (config, connection, ctx) => jdbcSource(config, needed(connection, ctx), ctx.signal),
  },
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: true, upsert: true, parallel: true },
    takesQueries: true,
    // The last record of a key wins: they have to come one after the other.
    key: (config) => (config.mode === 'UPSERT' ? keyOf(config) : null),
    replaces: ({ mode, replaceWhere }) => mode === 'REPLACE' || replaceWhere !== undefined,
    open: (config, connection, ctx) => jdbcSink(config, needed(connection, ctx), ctx.signal),
  },
})

function needed(connection: JdbcConnection | null, { fileRoots, base }: ConnectorContext): JdbcConnection {
  if (connection) return { ...connection, places: { fileRoots, base } }
  throw new JobError('config.invalid', 'A connection is needed.', { pointer: '/connection' })
}
