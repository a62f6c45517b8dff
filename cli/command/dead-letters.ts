/** `etl dead-letters list`, `show`, `edit`, `replay`. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { ExecutionReport } from '../../core/execution/report.js'
import type { Place, RecordForm } from '../../core/record/rejected.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { findJob } from '../jobs.js'
import { fields, table } from '../output.js'
import { describeReport, exitCodeOf } from '../report.js'
import { follow } from '../watch.js'

interface DeadLetter {
  readonly deadLetterId: string
  readonly jobVersion: number
  readonly executionId: string
  readonly epoch: number
  readonly operatorId: string
  readonly originalRecord: string
  readonly editedRecord: string | null
  readonly recordForm: RecordForm | null
  readonly sourcePosition: Place | null
  readonly errorCode: string
  readonly errorMessage: string
  readonly status: string
  readonly replayExecutionId: string | null
  readonly version: number
}

interface Filter {
  readonly status?: string
  readonly execution?: string
  readonly node?: string
  readonly code?: string
}

const conditionsOf = ({ status, execution, node, code }: Filter) => ({
  status,
  executionId: execution,
  operatorId: node,
  errorCode: code,
})

export async function list(
  { output, variables }: Context,
  job: string,
  options: Filter & { readonly limit: string },
): Promise<void> {
  const client = connect(variables)
  const { jobId } = await findJob(client, job)
  const items = await client.all<DeadLetter>(
    `/jobs/${jobId}/dead-letters`,
    conditionsOf(options),
    Number(options.limit),
  )
  output.result({ items }, () =>
    table(
      ['dead letter', 'status', 'node', 'place', 'what is wrong'],
      items.map((one) => [
        one.deadLetterId,
        one.status,
        one.operatorId,
        placeOf(one),
        shortened(one.errorMessage.replaceAll(/\s+/g, ' ')),
      ]),
    ),
  )
}

export async function show({ output, variables }: Context, deadLetterId: string): Promise<void> {
  const letter = await connect(variables).get<DeadLetter>(`/dead-letters/${encodeURIComponent(deadLetterId)}`)
  output.result(letter, () => describe(letter))
}

interface EditOptions {
  readonly record?: string
  readonly original?: boolean
  readonly discard?: boolean
  readonly restore?: boolean
}

export async function edit({ output, variables }: Context, deadLetterId: string, options: EditOptions): Promise<void> {
  const change = changeOf(options)
  const client = connect(variables)
  const path = `/dead-letters/${encodeURIComponent(deadLetterId)}`
  const { version } = await client.get<DeadLetter>(path)
  const letter = await client.send<DeadLetter>('PATCH', path, { ...change, version })
  output.result(letter, () => describe(letter))
}

interface ReplayOptions extends Filter {
  readonly job?: string
  readonly version?: string
  readonly watch?: boolean
}

interface Replays {
  readonly replays: readonly { readonly executionId: string; readonly status: string; readonly deadLetters: number }[]
  readonly refused: readonly { readonly deadLetterIds: readonly string[]; readonly reason: string }[]
  readonly left: number
}

export async function replay(
  { output, variables }: Context,
  ids: readonly string[],
  options: ReplayOptions,
): Promise<number> {
  if ((ids.length === 0) === (options.job === undefined))
    throw new JobError('usage.invalid', 'Say which: ids of dead letters, or --job for all of a job that wait')
  const client = connect(variables)
  const which =
    options.job === undefined
      ? { ids }
      : { jobId: (await findJob(client, options.job)).jobId, filter: conditionsOf(options) }
  const body = { ...which, version: options.version?.toUpperCase() }
  const headers = { 'idempotency-key': randomUUID() }
  const answer = await client.send<Replays>('POST', '/dead-letters/replay', body, headers)
  if (options.watch !== true) {
    output.result(answer, () => describeReplays(answer))
    return 0
  }
  output.note(describeReplays(answer))
  const reports: ExecutionReport[] = []
  for (const { executionId } of answer.replays) {
    const report = await follow(client, executionId, output, new AbortController().signal)
    if (report !== null) reports.push(report)
  }
  output.result({ ...answer, executions: reports }, () =>
    reports.map((report) => describeReport(report, output)).join('\n'),
  )
  return Math.max(0, ...reports.map(exitCodeOf))
}

function changeOf({ record, original, discard, restore }: EditOptions) {
  const asked = [record !== undefined, original === true, discard === true, restore === true]
  if (asked.filter(Boolean).length !== 1)
    throw new JobError('usage.invalid', 'Say one of --record, --original, --discard and --restore')
  if (record !== undefined) return { record }
  if (original === true) return { record: null }
  return { status: discard === true ? 'DISCARDED' : 'NEW' }
}

function describe(letter: DeadLetter): string {
  const { recordForm: form, editedRecord, replayExecutionId } = letter
  return fields([
    ['status', letter.status],
    ['node', letter.operatorId],
    ['place', placeOf(letter)],
    ['what is wrong', `${letter.errorMessage} (${letter.errorCode})`],
    ['execution', `${letter.executionId}, epoch ${letter.epoch}, version ${letter.jobVersion} of the job`],
    ['replay', replayExecutionId ?? (form === null ? 'cannot be replayed: its record is not known' : null)],
    ['header', form?.header],
    ['record', letter.originalRecord],
    ['corrected', editedRecord],
  ])
}

function describeReplays({ replays, refused, left }: Replays): string {
  const lines = [
    ...replays.map((one) => `execution ${one.executionId} ${one.status}: ${one.deadLetters} dead letters`),
    ...refused.map((one) => `left as they are: ${one.deadLetterIds.length}. ${one.reason}`),
    ...(left > 0 ? [`${left} more wait: ask again`] : []),
  ]
  return lines.length === 0 ? 'none waits' : lines.join('\n')
}

function placeOf({ sourcePosition }: DeadLetter): string | null {
  const { file, table: from, line, record, key } = sourcePosition ?? {}
  const parts = [
    file ?? from,
    line === undefined ? null : `line ${line}`,
    key === undefined ? null : `key ${key}`,
    line === undefined && record !== undefined ? `record ${record + 1}` : null,
  ]
  const said = parts.filter((part) => part != null)
  return said.length === 0 ? null : said.join(', ')
}

function shortened(message: string): string {
  return message.length <= 100 ? message : `${message.slice(0, 99)}…`
}
