/** A system of the tests' own: a source that counts, and a sink in memory that keeps the protocol of marks and fences. */
import { z } from 'zod'
import type { Connector, Mark, OpenSink, RejectedRow } from '../../../connectors/spi.js'
import { JobError } from '../../../core/errors/job-error.js'
import { compareFences, type Fence } from '../../../core/execution/fence.js'
import type { Schema } from '../../../core/record/schema.js'
import type { Session } from '../../../duckdb/session.js'

const sourceConfig = z.object({
  /** Records are made from `n` = 0, 1, … */
  count: z.number(),
  select: z.string(),
  batch: z.number().default(1_000),
  /** The split's end is only known when it has been read. */
  blind: z.boolean().default(false),
  /** A condition: these records never come, and nobody says so. */
  lost: z.string().optional(),
  /** Types by name, for a job that is compiled from its spec. */
  types: z.record(z.string(), z.string()).default({}),
})
const sinkConfig = z.object({ refuse: z.string().optional() })

type Split = { readonly from: number; readonly to: number }

/** What a target holds: rows in the order of their epochs, and the newest mark and fence of each writer. */
export class Shelf {
  readonly rows: unknown[][] = []
  readonly marks = new Map<string, Mark>()
  readonly fences = new Map<string, Fence>()
  appends = 0
  /** Called before a commit; what it throws keeps the commit from happening. */
  beforeCommit: (sinkUid: string) => void = () => undefined
  slowMs = 0

  readonly connector: Connector = {
    name: 'shelf',
    summary: 'Counts, and keeps.',
    source: {
      config: sourceConfig,
      guarantees: { replayable: true, parallel: true },
      open: (given) => countingSource(given as z.infer<typeof sourceConfig>),
    },
    sink: {
      config: sinkConfig,
      guarantees: { exactlyOnce: true, upsert: false, parallel: true },
      open: (given) => ({
        check: async () => [],
        prepare: async () => undefined,
        finish: async () => undefined,
        open: async (key, fence) =>
          this.open(`${key.sinkUid}/${key.subtask}`, fence, given as z.infer<typeof sinkConfig>),
      }),
    },
  }

  private open(key: string, fence: Fence, config: z.infer<typeof sinkConfig>): OpenSink {
    const owner = this.fences.get(key)
    if (owner !== undefined && compareFences(fence, owner) < 0) throw new JobError('fenced', 'A newer one writes.')
    this.fences.set(key, fence)
    const staged: unknown[][] = []
    return {
      committed: this.marks.get(key) ?? null,
      method: 'SHELF',
      append: async ({ table }, session) => {
        this.appends += 1
        if (this.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, this.slowMs))
        const refused = config.refuse === undefined ? [] : await refusedRows(session, table, config.refuse)
        const without = refused.length === 0 ? '' : ` WHERE rowid NOT IN (${refused.map((row) => row.rowid).join(',')})`
        for (const row of await session.rows(`SELECT * FROM ${table}${without}`)) staged.push(row)
        return refused
      },
      commit: async (mark) => {
        this.beforeCommit(key.split('/')[0]!)
        if (this.fences.get(key) !== fence) throw new JobError('fenced', 'A newer one writes.')
        for (const row of staged) this.rows.push(row)
        this.marks.set(key, mark)
      },
      close: async () => undefined,
    }
  }
}

async function refusedRows(session: Session, table: string, condition: string): Promise<RejectedRow[]> {
  const rows = await session.rows(`SELECT rowid FROM ${table} WHERE ${condition}`)
  return rows.map(([rowid]) => ({ rowid: Number(rowid), code: 'record.bad', message: 'The shelf will not have it.' }))
}

function countingSource(config: z.infer<typeof sourceConfig>) {
  return {
    schema: async (): Promise<Schema> => Object.entries(config.types).map(([name, type]) => ({ name, type })),
    plan: async (from: unknown, budget: { records: number }, parallelism: number) => {
      const first = (from as number | null) ?? 0
      const to = Math.min(config.count, first + budget.records)
      const share = Math.ceil((to - first) / parallelism)
      const splits = Array.from({ length: parallelism }, (_, subtask): Split[] => {
        const split = { from: Math.min(to, first + subtask * share), to: Math.min(to, first + (subtask + 1) * share) }
        return split.from < split.to ? [split] : []
      })
      return config.blind ? { splits, to: null, end: first >= config.count } : { splits, to, end: to >= config.count }
    },
    async *read(given: unknown) {
      const split = given as Split
      for (let from = split.from; from < split.to; from += config.batch) {
        const to = Math.min(split.to, from + config.batch)
        const select = (without: string) =>
          `SELECT ${config.select} FROM range(${from}, ${to}) AS t(n)${without} ORDER BY n`
        const lost = config.lost === undefined ? '' : ` WHERE NOT (${config.lost})`
        yield {
          select: select(lost),
          records: config.lost === undefined ? null : to - from,
          place: (index: number) => ({ file: 'count', line: from + index + 1 }),
          // The tests' way to say that the source itself cannot read a record: 13 is bad luck.
          isolate: async () => ({
            select: select(`${lost === '' ? ' WHERE true' : lost} AND n % 1000 <> 13`),
            rejected: Array.from({ length: to - from }, (_, index) => from + index)
              .filter((n) => n % 1000 === 13)
              .map((n) => ({ original: `n${n}`, place: { line: n + 1 }, code: 'record.bad', message: 'Bad luck.' })),
          }),
          release: async () => undefined,
        }
      }
      return { position: split.to, end: split.to >= config.count }
    },
  }
}
