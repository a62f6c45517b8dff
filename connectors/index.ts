import { file } from './file/index.js'
import { jdbc } from './jdbc/index.js'
import type { Connector } from './spi.js'

/** Every outside system that a job can name. */
export const connectors: readonly Connector[] = [file as Connector, jdbc as Connector]
