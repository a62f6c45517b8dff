/** Rejected records become rows in the same transaction that commits their epoch. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import type { CheckpointCommit } from '../../../core/execution/journal.js'
import type { Replay } from '../../../core/graph/replay-graph.js'
import type { Rejected } from '../../../core/record/rejected.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow, LetterForm } from '../../tables/executions.js'

/** One statement stays well below the server's max_allowed_packet (16 MiB by default on MariaDB). */
const MOST_ROWS = 500
const MOST_CHARACTERS = 1_000_000

export async function storeDeadLetters(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  { epoch, rejected }: Pick<CheckpointCommit, 'epoch' | 'rejected'>,
): Promise<void> {
  const { jobId, jobVersion, executionId, lineageId, replay } = execution
  for (const part of parts(rejected)) {
    const rows = part.map((record) => ({
      deadLetterId: randomUUID(),
      jobId,
      jobVersion,
      executionId,
      lineageId,
      epoch,
      operatorId: record.nodeId,
      originalRecord: record.original,
      recordForm: formOf(record, replay),
      sourcePosition: record.place,
      errorCode: record.code,
      errorMessage: record.message.slice(0, 10_000),
    }))
    await db.tables.deadLetter.bulkCreate(rows, { transaction })
  }
}

/** Null: what it was cannot be told. One that fails before it has come to where it failed at first still has to go there. */
function formOf(record: Rejected, replay: Replay | null): LetterForm | null {
  const { of, form = { kind: 'JSON' }, nodeId, original } = record
  if (of === undefined || original === '') return null
  return { ...form, of, nodeId: replay?.before.includes(nodeId) === true ? replay.nodeId : nodeId }
}

function parts(rejected: readonly Rejected[]): readonly (readonly Rejected[])[] {
  const made: Rejected[][] = []
  let size = 0
  for (const record of rejected) {
    const last = made.at(-1)
    if (last === undefined || last.length === MOST_ROWS || size + record.original.length > MOST_CHARACTERS) {
      made.push([record])
      size = record.original.length
    } else {
      last.push(record)
      size += record.original.length
    }
  }
  return made
}
