import { generator } from '../../connectors/generator/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { describeSource } from './source-suite.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }

describeSource('generator', async () => ({
  open: (signal = ctx.signal) =>
    generator.source!.open(
      generator.source!.config.parse({
        rows: 40,
        columns: {
          id: { kind: 'SEQUENCE', start: 1 },
          amount: { kind: 'RANDOM', min: '-5.00', max: '99.99', type: 'DECIMAL(10,2)', nullRatio: 0.2 },
          kind: { kind: 'CHOICE', of: ['a', 'b', 'c'] },
          name: { kind: 'TEXT', length: 40 },
          key: { kind: 'UUID' },
          at: { kind: 'TIME', start: '2026-01-01', step: '1500ms' },
          half: 'id / 2',
        },
      }),
      null,
      { ...ctx, signal },
    ),
  records: 40,
  small: { records: 7, bytes: 10_000 },
}))
