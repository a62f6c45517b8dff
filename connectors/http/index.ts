import { defineConnector } from '../spi.js'
import { checkConnection } from './check-connection.js'
import { connectionConfig, sinkConfig, sourceConfig } from './config.js'
import { httpSink } from './sink.js'
import { httpSource } from './source.js'

/** JSON over HTTP. */
export const http = defineConnector({
  name: 'http',
  summary: 'Reads JSON from HTTP servers, page by page, and sends records to them.',
  connection: { config: connectionConfig, check: checkConnection },
  source: {
    config: sourceConfig,
    guarantees: { replayable: false, parallel: false },
    endless: ({ interval }) => interval !== undefined,
    open: httpSource,
  },
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: false, upsert: false, parallel: true },
    open: httpSink,
  },
})
