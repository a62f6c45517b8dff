/** Windows, a join, keyed state and late records over a folder of files that come while it runs. */
import { boundMs } from './events.js'
import { gapMs, windowMs } from './expected.js'

export function soakJob(target: string, version: { readonly parallelism: number; readonly filtered: boolean }) {
  const connection = { url: target }
  const sums = { n: 'count(*)', cents: 'sum(cents)' }
  const sink = (id: string, input: string, rest: object = {}) => ({
    id,
    sink: 'jdbc',
    input,
    config: { connection, table: id, createTable: true, ...rest },
  })
  return {
    name: 'soak',
    type: 'STREAMING',
    parallelism: version.parallelism,
    checkpoint: { interval: '500ms', retained: 3 },
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 'UNLIMITED', delay: '200ms' },
    nodes: [
      {
        id: 'events',
        source: 'file',
        config: {
          path: 'events-*.jsonl',
          watch: true,
          columns: { id: 'BIGINT', user: 'BIGINT', cents: 'BIGINT', at: 'TIMESTAMP' },
        },
        watermark: { time: 'at', outOfOrderness: `${boundMs}ms` },
      },
      { id: 'users', source: 'file', config: { path: 'users.csv' } },
      { id: 'once', operator: 'DEDUPLICATE', input: 'events', config: { key: ['id'], ttl: '10m' } },
      ...(version.filtered ? [{ id: 'kept', operator: 'FILTER', input: 'once', config: { where: 'id >= 0' } }] : []),
      {
        id: 'placed',
        operator: 'JOIN',
        inputs: { left: version.filtered ? 'kept' : 'once', right: 'users' },
        config: { type: 'LEFT', on: 'left.user = right.user', select: { '*': 'left.*', region: 'right.region' } },
      },
      {
        id: 'by_window',
        operator: 'WINDOW',
        input: 'placed',
        config: { type: 'TUMBLING', size: `${windowMs}ms`, groupBy: ['region'], aggregates: sums },
      },
      {
        id: 'by_visit',
        operator: 'WINDOW',
        input: 'placed',
        config: { type: 'SESSION', gap: `${gapMs}ms`, groupBy: ['user'], aggregates: sums },
      },
      { id: 'by_region', operator: 'AGGREGATE', input: 'placed', config: { groupBy: ['region'], aggregates: sums } },
      sink('seen', 'placed'),
      sink('windows', 'by_window'),
      sink('sessions', 'by_visit'),
      sink('late', 'by_window.late'),
      sink('totals', 'by_region', { mode: 'UPSERT', key: ['region'] }),
    ],
  }
}

/** The tables as the expected ones are told, row for row. */
export const tableQueries: Readonly<Record<string, string>> = {
  seen: 'SELECT count(*), count(DISTINCT id), sum(cents) FROM seen',
  late: 'SELECT count(*), coalesce(sum(cents), 0) FROM late',
  totals: 'SELECT region, n, cents FROM totals ORDER BY BINARY region',
  windows:
    "SELECT concat(region, '|', substr(cast(window_start AS CHAR), 1, 23)), n, cents FROM windows ORDER BY BINARY concat(region, '|', window_start)",
  sessions:
    "SELECT concat(user, '|', substr(cast(window_start AS CHAR), 1, 23), '|', substr(cast(window_end AS CHAR), 1, 23)) AS k, n, cents FROM sessions ORDER BY BINARY k",
}
