import type { OpenSink, Sink } from '../spi.js'

/**
 * Nothing ever becomes visible, so nothing can twice (I2): there is no mark to find, and an overtaken writer can do no
 * harm that a fence would have to prevent. What it counted is judged with its result, by the checkpoint (I3).
 */
export const blackholeSink: Sink = {
  check: async () => [],
  prepare: async () => {},
  open: async () => nowhere,
  finish: async () => {},
}

const nowhere: OpenSink = {
  committed: null,
  method: 'NONE',
  append: async () => [],
  commit: async () => {},
  close: async () => {},
}
