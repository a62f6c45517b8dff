/** What a replay reads: its dead letters, as they are while it has them. */
import type { Place, RecordForm } from '../../../core/record/rejected.js'
import type { Database } from '../../database.js'

export interface ReplayedRecord {
  readonly text: string
  readonly form: RecordForm
  readonly place: Place
}

export function replayedRecords(db: Database) {
  return async (replayId: string): Promise<readonly ReplayedRecord[]> => {
    const rows = await db.tables.deadLetter.findAll({
      where: { replayExecutionId: replayId },
      order: [['id', 'ASC']],
    })
    return rows.map((row) => {
      const { editedRecord, originalRecord, recordForm, sourcePosition } = row.get()
      const kind = recordForm?.kind === 'JSON' ? 'JSON' : 'TEXT'
      const form = { kind, ...(recordForm?.header === undefined ? {} : { header: recordForm.header }) } as const
      return { text: editedRecord ?? originalRecord, form, place: sourcePosition ?? {} }
    })
  }
}
