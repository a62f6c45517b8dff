import type { ConnectorContext, Sink } from '../spi.js'
import { openClient } from './client.js'
import type { HttpConnection, HttpSinkConfig } from './config.js'
import { digest } from './digest.js'
import { endpointOf } from './endpoint.js'
import { openHttpSink } from './open-sink.js'

/** Sends records: at least once, as no mark can be kept with them (DESIGN, section 5). What is sent again has the same key. */
export function httpSink(config: HttpSinkConfig, connection: HttpConnection | null, ctx: ConnectorContext): Sink {
  const endpoint = endpointOf(config, connection, ctx)
  return {
    // A target tells what it takes only when it is sent something.
    check: async () => [],

    prepare: async () => {},

    async open(key, { epoch }, input) {
      const client = openClient(endpoint, ctx.signal, 'SINK')
      const writing = digest([key.lineageId, key.sinkUid, key.subtask])
      return openHttpSink({ client, endpoint, config, input, keyOf: (from, to) => `${writing}-${epoch}-${from}-${to}` })
    },

    finish: async () => {},
  }
}
