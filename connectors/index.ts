import { blackhole } from './blackhole/index.js'
import { file } from './file/index.js'
import { generator } from './generator/index.js'
import { http } from './http/index.js'
import { jdbc } from './jdbc/index.js'
import { kafka } from './kafka/index.js'
import { print } from './print/index.js'
import type { Connector } from './spi.js'

/** Every outside system that a job can name. */
export const connectors: readonly Connector[] = [
  file as Connector,
  jdbc as Connector,
  kafka as Connector,
  http as Connector,
  generator as Connector,
  blackhole as Connector,
  print as Connector,
]
