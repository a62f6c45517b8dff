/** Dead letters go into executions of their own, one for each way that they have to go, in one transaction. */
import { createHash } from 'node:crypto'
import { Op, type Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { type NodeFacts, type Replay, replayGraph } from '../../../core/graph/replay-graph.js'
import type { Database } from '../../database.js'
import type { DeadLetterRow, JobExecutionRow, LetterForm } from '../../tables/executions.js'
import { createWithin } from '../execution/create-execution.js'
import type { CreatedExecution } from '../execution/new-execution.js'
import { readJobVersion } from '../journal/job-versions.js'
import { lockJob } from '../journal/ownership.js'
import { conditionsOf, type DeadLetterConditions } from './conditions.js'

/** Far below what one epoch holds: a replay reads its records at once. */
const mostLetters = 10_000
const mostExecutions = 50

export interface ReplayRequest {
  /** Asked again with the same id: the executions that it has started. */
  readonly requestId: string
  readonly which: { readonly ids: readonly string[] } | ({ readonly jobId: string } & DeadLetterConditions)
  /** Of the job: each letter's own, or the one that is saved now. */
  readonly version: 'SAME' | 'NEWEST'
  readonly facts: NodeFacts
  readonly createdBy: string | null
}

export interface Replays {
  readonly replays: readonly (CreatedExecution & { readonly deadLetters: number })[]
  /** Left as they are, and why. */
  readonly refused: readonly Refusal[]
  /** More wait than one request takes. */
  readonly left: number
}

export interface Refusal {
  readonly deadLetterIds: readonly string[]
  readonly reason: string
  readonly hint: string | null
}

export async function startReplays(db: Database, request: ReplayRequest): Promise<Replays> {
  const jobId = await jobOf(db, request)
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    const before = await startedBefore(db, transaction, request)
    if (before.length > 0) return { replays: before, refused: [], left: 0 }
    if (job.isDeleted) throw new JobError('not.found', `There is no job ${jobId}.`)
    const { letters, left } = await findLetters(db, transaction, jobId, request)
    const refused = letters.flatMap((letter) => refusalOf(letter) ?? [])
    const fit = letters.filter((letter) => refusalOf(letter) === null)
    const replays: (CreatedExecution & { readonly deadLetters: number })[] = []
    let kept = 0
    for (const group of await groupsOf(db, transaction, fit, request.version === 'NEWEST' ? job.version : null)) {
      if (replays.length >= mostExecutions) {
        kept += group.letters.length
        continue
      }
      const { graph } = await readJobVersion(db, jobId, group.jobVersion)
      const id = executionIdOf(request.requestId, replays.length)
      const { of, nodeId } = group
      const made = replayGraph(graph, { id, of, nodeId }, request.facts)
      if (!made.ok) {
        const deadLetterIds = group.letters.map(({ deadLetterId }) => deadLetterId)
        refused.push({ deadLetterIds, reason: made.reason, hint: made.hint })
        continue
      }
      const replay = { id, of, nodeId, before: made.before }
      replays.push(await startReplay(db, transaction, jobId, group, replay, request))
    }
    if (replays.length === 0 && refused.length > 0) throw allRefused(refused)
    return { replays, refused, left: left + kept }
  })
}

async function jobOf(db: Database, { which }: ReplayRequest): Promise<string> {
  if ('jobId' in which) return which.jobId
  const rows = await db.tables.deadLetter.findAll({
    attributes: ['deadLetterId', 'jobId'],
    where: { deadLetterId: { [Op.in]: [...which.ids] } },
  })
  const known = new Map(rows.map((row) => [row.get().deadLetterId, row.get().jobId]))
  const missing = which.ids.find((id) => !known.has(id))
  if (missing !== undefined) throw new JobError('not.found', `There is no dead letter ${missing}.`)
  const [jobId, ...others] = new Set(known.values())
  if (jobId === undefined || others.length > 0)
    throw new JobError('usage.invalid', 'The dead letters are of several jobs; a replay takes those of one.', {
      pointer: '/ids',
    })
  return jobId
}

async function startedBefore(db: Database, transaction: Transaction, { requestId }: ReplayRequest) {
  const rows = await db.tables.jobExecution.findAll({
    where: { triggerKey: { [Op.like]: `replay:${requestId}:%` } },
    order: [['id', 'ASC']],
    transaction,
  })
  return await Promise.all(
    rows.map(async (row) => {
      const { executionId, jobId, jobVersion, lineageId, executionStatus } = row.get()
      const deadLetters = await db.tables.deadLetter.count({ where: { replayExecutionId: executionId }, transaction })
      const created = { executionId, jobId, jobVersion, lineageId, status: executionStatus }
      return { ...created, isNew: false, toCancel: [], deadLetters }
    }),
  )
}

/** Oldest first: as they once came. */
async function findLetters(db: Database, transaction: Transaction, jobId: string, { which }: ReplayRequest) {
  const waiting = { deadLetterStatus: { [Op.in]: ['NEW', 'EDITED'] } }
  const where =
    'ids' in which
      ? { deadLetterId: { [Op.in]: [...which.ids] } }
      : { [Op.and]: [{ jobId }, waiting, ...conditionsOf(which)] }
  const rows = await db.tables.deadLetter.findAll({
    where,
    order: [['id', 'ASC']],
    limit: mostLetters,
    lock: transaction.LOCK.UPDATE,
    transaction,
  })
  const all = rows.length < mostLetters ? rows.length : await db.tables.deadLetter.count({ where, transaction })
  return { letters: rows.map((row) => row.get()), left: all - rows.length }
}

function refusalOf(letter: DeadLetterRow): Refusal | null {
  const { deadLetterId, deadLetterStatus: status, recordForm: form, editedRecord, replayExecutionId } = letter
  const refusal = (reason: string, hint: string | null = null) => ({ deadLetterIds: [deadLetterId], reason, hint })
  if (status === 'REPLAYED') return refusal(`It has been replayed by execution ${replayExecutionId}.`)
  if (status === 'REPLAYING')
    return refusal(
      `Execution ${replayExecutionId} has it.`,
      'Where that one has failed, restart it: it knows what it has written.',
    )
  if (status === 'DISCARDED') return refusal('It was discarded.', 'Give it the status NEW first.')
  if (form === null) return refusal('Its record could not be kept.', 'Correct the input, and run the job again.')
  if (form.kind === 'CUT' && editedRecord === null)
    return refusal('Only the beginning of its record was kept.', 'Give it the whole record first.')
  return null
}

interface Group {
  readonly jobVersion: number
  readonly of: string
  readonly nodeId: string
  readonly parameters: Readonly<Record<string, string>>
  readonly logicalTime: Date
  readonly letters: DeadLetterRow[]
}

/** Together goes what has the same way to go, in the same version, with the same parameters and logical time. */
async function groupsOf(
  db: Database,
  transaction: Transaction,
  letters: readonly DeadLetterRow[],
  newest: number | null,
): Promise<Group[]> {
  const executions = await executionsOf(db, transaction, letters)
  const groups = new Map<string, Group>()
  for (const letter of letters) {
    const { of, nodeId } = letter.recordForm as LetterForm
    const jobVersion = newest ?? letter.jobVersion
    const execution = executions.get(letter.executionId)
    const parameters = execution?.parameters ?? {}
    const logicalTime = execution?.logicalTime ?? letter.createTime
    const key = JSON.stringify([jobVersion, of, nodeId, parameters, logicalTime])
    const group = groups.get(key) ?? { jobVersion, of, nodeId, parameters, logicalTime, letters: [] }
    group.letters.push(letter)
    groups.set(key, group)
  }
  return [...groups.values()]
}

async function executionsOf(db: Database, transaction: Transaction, letters: readonly DeadLetterRow[]) {
  const ids = [...new Set(letters.map(({ executionId }) => executionId))]
  const rows = await db.tables.jobExecution.findAll({
    attributes: ['executionId', 'parameters', 'logicalTime'],
    where: { executionId: { [Op.in]: ids } },
    transaction,
  })
  return new Map(rows.map((row): [string, JobExecutionRow] => [row.get().executionId, row.get()]))
}

async function startReplay(
  db: Database,
  transaction: Transaction,
  jobId: string,
  group: Group,
  replay: Replay,
  { requestId, createdBy }: ReplayRequest,
) {
  const { jobVersion, parameters, logicalTime, letters } = group
  const created = await createWithin(db, transaction, {
    jobId,
    executionId: replay.id,
    parameters,
    logicalTime,
    triggerType: 'REPLAY',
    triggerKey: `replay:${requestId}:${replay.id}`,
    createdBy,
    replay: { of: replay, jobVersion },
  })
  await db.execute(
    `UPDATE etl_dead_letter
        SET dead_letter_status = 'REPLAYING', replay_execution_id = :id, version = version + 1
      WHERE id IN (:letters)`,
    { id: replay.id, letters: letters.map(({ id }) => id) },
    transaction,
  )
  return { ...created, deadLetters: letters.length }
}

/** The same request makes the same executions, whichever try makes them. */
function executionIdOf(requestId: string, number: number): string {
  const hash = createHash('sha256').update(`${requestId}:${number}`).digest('hex')
  return hash.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-8$3-a$4-$5')
}

function allRefused(refused: readonly Refusal[]): JobError {
  const [first] = refused
  const others = refused.length === 1 ? '' : ` (and ${refused.length - 1} more reasons)`
  return new JobError('conflict', `None of them can be replayed: ${first?.reason ?? ''}${others}`, {
    ...(first?.hint == null ? {} : { hint: first.hint }),
  })
}
