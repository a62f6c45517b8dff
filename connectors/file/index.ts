import { defineConnector } from '../spi.js'
import { checkConnection } from './check-connection.js'
import { connectionConfig, formatOfPath, sinkConfig, sourceConfig } from './config.js'
import { fileSink } from './sink.js'
import { fileSource } from './source.js'

/** Files on disks that the workers share, and in buckets of S3. */
export const file = defineConnector({
  name: 'file',
  summary: 'Reads and writes CSV, JSON, JSON lines and Parquet files.',
  connection: { config: connectionConfig, check: checkConnection },
  source: {
    config: sourceConfig,
    guarantees: { replayable: true, parallel: true },
    partitions: true,
    givesViews: ({ format, path }) => (format ?? formatOfPath(path)) === 'parquet',
    endless: ({ watch }) => watch,
    open: (config, connection, ctx) => fileSource(config, ctx, connection),
  },
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: true, upsert: false, parallel: true },
    takesQueries: true,
    replaces: ({ mode, singleFile }) => mode === 'REPLACE' || singleFile,
    open: (config, connection, ctx) => fileSink(config, ctx, connection),
  },
})
