import { defineConnector } from '../spi.js'
import { sinkConfig } from './config.js'
import { blackholeSink } from './sink.js'

/** For measuring and trying out what comes before it. */
export const blackhole = defineConnector({
  name: 'blackhole',
  summary: 'Takes every record, counts it, and writes nothing.',
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: true, upsert: false, parallel: true },
    open: () => blackholeSink,
  },
})
