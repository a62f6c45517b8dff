/** What becomes of bad records, as `onBadRecord` says (DESIGN section 6): refused, counted, or kept for people. */
import { appendFile, rm } from 'node:fs/promises'
import { JobError } from '../core/errors/job-error.js'
import type { Place, Rejected } from '../core/record/rejected.js'
import { excess } from '../core/record/tolerance.js'
import type { JobSettings } from '../core/spec/settings.js'
import type { ObjectStore } from '../storage/store.js'

export interface RecordsBefore {
  readonly read: number
  readonly failed: number
}

export class Rejects {
  private failed = 0
  private written = false

  constructor(
    private readonly policy: JobSettings['onBadRecord'],
    /** Local, new in this epoch. */
    private readonly file: string,
    /** Totals of the execution before this epoch. */
    private readonly before: RecordsBefore,
  ) {}

  /** Whether anyone will want to know where a bad record stood. */
  get wantsPlaces(): boolean {
    return this.policy.action !== 'SKIP'
  }

  /** How many more bad records there may be. */
  get allowance(): number {
    if (this.policy.action === 'FAIL') return 0
    return this.policy.max === null ? Number.POSITIVE_INFINITY : this.policy.max - this.before.failed - this.failed
  }

  async add(rejected: readonly Rejected[]): Promise<void> {
    const [first] = rejected
    if (first === undefined) return
    if (this.policy.action === 'FAIL') throw badRecord(first)
    this.failed += rejected.length
    // The ratio is judged at the end, when all is known that it is of.
    this.judge(Number.NEGATIVE_INFINITY)
    await this.keep(rejected)
  }

  /** Whether records that are not bad, and yet go nowhere, are kept for people. */
  get keeps(): boolean {
    return this.policy.action === 'DEAD_LETTER'
  }

  /** They are no failure, and no tolerance counts them. */
  async keep(rejected: readonly Rejected[]): Promise<void> {
    if (!this.keeps || rejected.length === 0) return
    await appendFile(this.file, rejected.map((record) => `${JSON.stringify(record)}\n`).join(''))
    this.written = true
  }

  /** Before any sink commits. */
  judge(readNow: number): void {
    const read = this.before.read + readNow
    const reason = excess(this.policy, { read, failed: this.before.failed + this.failed })
    if (reason !== null) throw tolerance(reason)
  }

  /** Named in the marks, so that whoever finds them finds it; null: there are none to keep. */
  async store(store: ObjectStore, key: string): Promise<string | null> {
    if (!this.written) return null
    await store.put(key, this.file)
    await rm(this.file, { force: true })
    return key
  }
}

function badRecord({ nodeId, message, place }: Rejected): JobError {
  const where = describePlace(place)
  return new JobError('record.bad', `${nodeId}: ${message}${where === '' ? '' : ` (${where})`}`, {
    nodeId,
    hint: 'Correct the record, or say under onBadRecord that bad records are skipped or kept as dead letters.',
  })
}

export function tolerance(message: string): JobError {
  return new JobError('record.tolerance', message, { hint: 'Correct the records, or raise max or maxRatio.' })
}

/** `data/flights.csv, line 17`. */
function describePlace(place: Place): string {
  const parts = [
    place.file,
    place.table === undefined ? undefined : `table ${place.table}`,
    place.line === undefined ? undefined : `line ${place.line}`,
    place.key === undefined ? undefined : `key ${place.key}`,
    place.topic === undefined ? undefined : `topic ${place.topic}`,
    place.partition === undefined ? undefined : `partition ${place.partition}`,
    place.offset === undefined ? undefined : `offset ${place.offset}`,
    place.line === undefined && place.record !== undefined ? `record ${place.record + 1}` : undefined,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}
