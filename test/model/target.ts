/**
 * A target that keeps the protocol of I2, as connectors/jdbc does: opening takes the fence and a token, data and mark commit
 * together where the token is still the writer's own, and progress rows are made by `prepare` only.
 */
import { z } from 'zod'
import type { Connector, Mark, OpenSink, SinkKey } from '../../connectors/spi.js'
import { JobError } from '../../core/errors/job-error.js'
import { compareFences, type Fence } from '../../core/execution/fence.js'
import type { Process } from './scheduler.js'
import type { World } from './world.js'

const noConfig = z.object({})

interface Progress {
  readonly fence: Fence
  readonly token: number
  readonly mark: Mark | null
}

export interface Written {
  readonly lineageId: string
  readonly sinkUid: string
  readonly subtask: number
  readonly epoch: number
  readonly rows: readonly unknown[]
}

const noFence: Fence = { generation: 0, attempt: 0, epoch: 0, activityAttempt: 0 }

export class Target {
  readonly visible: Written[] = []
  private readonly progress = new Map<string, Progress>()
  /** What waits for the end. */
  private shadow: Written[] = []
  private tokens = 0

  constructor(private readonly world: World) {}

  connector(process: Process): NonNullable<Connector['sink']> {
    const step = <T>(what: string, effect: () => T) => this.world.scheduler.step(process, 'sink', what, effect)
    return {
      config: noConfig,
      guarantees: { exactlyOnce: true, upsert: false, parallel: true },
      open: () => ({
        check: async () => [],
        prepare: async (keys) => {
          for (const key of keys) await step(`prepare ${nameOf(key)}`, () => this.prepare(key))
        },
        open: async (key, fence) => {
          const token = await step(`fence ${nameOf(key)}`, () => this.takeFence(key, fence))
          const committed = await step(`mark of ${nameOf(key)}`, () => this.of(key).mark)
          const seen = this.world.mutant === 'marks ignored' ? null : committed
          return this.openSink(process, key, fence, token, seen, step)
        },
        finish: async (keys, fence) => {
          if (!this.world.shape.atEnd) return
          for (const key of keys) await step(`fence ${nameOf(key)}`, () => this.takeFence(key, fence))
          await step('publish', () => this.publish(keys))
        },
      }),
    }
  }

  private openSink(
    process: Process,
    key: SinkKey,
    fence: Fence,
    token: number,
    committed: Mark | null,
    step: <T>(what: string, effect: () => T) => Promise<T>,
  ): OpenSink {
    const rows: unknown[] = []
    const writesApart = this.world.mutant === 'data apart from mark'
    return {
      committed,
      method: 'MODEL',
      append: async ({ table }) => {
        await step(`append to ${nameOf(key)}`, () => rows.push(...(JSON.parse(table) as unknown[])))
        return []
      },
      commit: async (mark) => {
        if (this.world.mutant === 'tells records') await this.tellRecords(process, rows)
        if (writesApart) await step(`data of ${nameOf(key)}`, () => this.write(key, mark, rows))
        await step(`commit ${nameOf(key)} ${mark.epoch}`, () => {
          const { fence: newest, token: owner } = this.of(key)
          if (owner !== token) this.world.ledger.met.add('a writer has lost its token')
          if (owner !== token && this.world.mutant !== 'sink without fence') throw fenced()
          this.world.rules.sinkCommits(process, key, mark, fence, newest)
          if (!writesApart) this.write(key, mark, rows)
          this.progress.set(nameOf(key), { ...this.of(key), mark })
        })
      },
      close: async () => undefined,
    }
  }

  private prepare(key: SinkKey): void {
    if (!this.progress.has(nameOf(key))) this.progress.set(nameOf(key), { fence: noFence, token: 0, mark: null })
  }

  private takeFence(key: SinkKey, fence: Fence): number {
    const row = this.of(key)
    if (compareFences(row.fence, fence) > 0) {
      this.world.ledger.met.add('an older fence is refused')
      if (this.world.mutant === 'sink without fence') return row.token
      throw fenced()
    }
    this.tokens += 1
    // Only who settles a plan comes with attempt 0.
    if (this.world.mutant === 'drops without fence' && fence.activityAttempt === 0) return this.tokens
    this.progress.set(nameOf(key), { ...row, fence, token: this.tokens })
    return this.tokens
  }

  private write(key: SinkKey, mark: Mark, rows: readonly unknown[]): void {
    const written = { ...key, epoch: mark.epoch, rows }
    if (this.world.shape.atEnd) this.shadow.push(written)
    else this.visible.push(written)
  }

  private publish(keys: readonly SinkKey[]): void {
    const isMine = ({ lineageId, sinkUid }: Written) =>
      keys.some((key) => key.lineageId === lineageId && key.sinkUid === sinkUid)
    this.visible.push(...this.shadow.filter(isMine))
    this.shadow = this.shadow.filter((written) => !isMine(written))
  }

  private of(key: SinkKey): Progress {
    const row = this.progress.get(nameOf(key))
    if (row === undefined) throw fenced()
    return row
  }

  private async tellRecords(process: Process, rows: readonly unknown[]): Promise<void> {
    const failure = new JobError('sink.refused', `It will not have ${JSON.stringify(rows)}.`)
    const refuses = await this.world.scheduler.step(
      process,
      'sink',
      'refuse',
      () => this.world.scheduler.random.below(20) === 0,
    )
    if (refuses && rows.length > 0) throw failure
  }
}

const nameOf = ({ lineageId, sinkUid, subtask }: SinkKey) => `${lineageId}/${sinkUid}/${subtask}`
const fenced = () => new JobError('fenced', 'A newer attempt writes here now.')
