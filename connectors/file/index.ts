import { defineConnector } from '../spi.js'
import { formatOfPath, sinkConfig, sourceConfig } from './config.js'
import { fileSink } from './sink.js'
import { fileSource } from './source.js'

/** Files on disks that the workers share. */
export const file = defineConnector({
  name: 'file',
  summary: 'Reads and writes CSV, JSON, JSON lines and Parquet files.',
  source: {
    config: sourceConfig,
    guarantees: { replayable: true, parallel: true },
    partitions: true,
    givesViews: ({ format, path }) => (format ?? formatOfPath(path)) === 'parquet',
    endless: ({ watch }) => watch,
    open: (config, _connection, ctx) => fileSource(config, ctx),
  },
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: true, upsert: false, parallel: true },
    takesQueries: true,
    replaces: ({ mode, singleFile }) => mode === 'REPLACE' || singleFile,
    open: (config, _connection, ctx) => fileSink(config, ctx),
  },
})
