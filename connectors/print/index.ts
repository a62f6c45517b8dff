import { defineConnector } from '../spi.js'
import { sinkConfig } from './config.js'
import { printSink } from './sink.js'

/** For looking at what a job does, with `etl run`. */
export const print = defineConnector({
  name: 'print',
  summary: 'Shows records on the output of the process that runs the job: meant for `etl run`.',
  sink: {
    config: sinkConfig,
    // What was shown cannot be taken back, and an epoch that runs again is shown again.
    guarantees: { exactlyOnce: false, upsert: false, parallel: true },
    open: (config) => printSink(config),
  },
})
