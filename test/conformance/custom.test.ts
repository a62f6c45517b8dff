import { fileURLToPath } from 'node:url'
import { openConnectors } from '../../connectors/custom/open-connectors.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { describeSource } from './source-suite.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
const path = fileURLToPath(new URL('../../examples/connectors', import.meta.url))

describeSource('custom: the calendar of the examples', async () => {
  const { list, need } = openConnectors([], async (name) => ({ class: name, tried: null, isEnabled: true }), path)
  await need(['calendar'])
  const source = list[0]!.source!
  const config = source.config.parse({ from: '2026-02-20', to: '2026-03-31' })
  return {
    open: (signal = ctx.signal) => source.open(config, null, { ...ctx, signal }),
    records: 40,
    small: { records: 7, bytes: 1000 },
  }
})
