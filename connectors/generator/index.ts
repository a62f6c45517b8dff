import { defineConnector } from '../spi.js'
import { sourceConfig } from './config.js'
import { generatorSource } from './source.js'

/** Records out of nothing, for tests and demonstrations. */
export const generator = defineConnector({
  name: 'generator',
  summary: 'Makes records up: the same ones for the same settings, as many and as fast as they say.',
  source: {
    config: sourceConfig,
    guarantees: { replayable: true, parallel: true },
    endless: ({ rows }) => rows === undefined,
    open: (config, _connection, ctx) => generatorSource(config, ctx),
  },
})
