import type { Connector } from './spi.js'
import { file } from './file/index.js'

/** Every outside system that a job can name. */
export const connectors: readonly Connector[] = [file as Connector]
