/**
 * A connector of one's own: a record for each day, for a table of dates. `etl run` finds it by its name below
 * ETL_CONNECTOR_PATH; on a server an ADMIN registers it: etl connectors register calendar.mjs#calendar
 */
export const calendar = {
  name: 'calendar',
  version: '1.0.0',
  summary: 'A record for each day, from one date up to another.',
  source: {
    config: {
      type: 'object',
      required: ['from', 'to'],
      additionalProperties: false,
      properties: {
        from: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'The first day: 2026-01-31.' },
        to: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'The last day.' },
      },
    },
    guarantees: { replayable: true, parallel: true },
    open: (config) => days(config),
  },
}
export default calendar

const columns = [
  { name: 'day', type: 'DATE' },
  { name: 'weekday', type: 'BIGINT' },
  { name: 'iso_week', type: 'BIGINT' },
]

/** Positions and splits are numbers of days since the first: the same ones give the same records, anywhere. */
function days({ from, to }) {
  const count = Math.max(0, (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1)
  return {
    schema: async () => columns,
    async plan(position, budget, parallelism) {
      const first = position ?? 0
      const end = Math.min(count, first + budget.records)
      const share = Math.ceil((end - first) / parallelism)
      const splits = Array.from({ length: parallelism }, (_, subtask) => {
        const split = { from: Math.min(end, first + subtask * share), to: Math.min(end, first + (subtask + 1) * share) }
        return split.to > split.from ? [split] : []
      })
      return { splits, to: end, end: end >= count }
    },
    async *read(split) {
      yield {
        select: `SELECT day, isodow(day) AS weekday, week(day) AS iso_week
                   FROM (SELECT CAST(DATE '${from}' + CAST(n AS INTEGER) AS DATE) AS day
                           FROM range(${split.from}, ${split.to}) AS numbers(n))`,
        records: split.to - split.from,
        place: (index) => ({ record: split.from + index }),
        isolate: async () => {
          throw new Error('no day can be bad')
        },
        release: async () => {},
      }
      return { position: split.to, end: false }
    },
  }
}
