/** A corrected record is looked at before it is kept: what cannot be read at all is told at once. */
import { JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { isObject } from '../../core/spec/outline.js'
import type { DeadLetterRecord } from '../../models/stores/dead-letter-store.js'
import type { ApiDeps } from '../deps.js'

/** Types are not looked at: values are read where the record is replayed. */
export async function checkRecord(letter: DeadLetterRecord, record: string, deps: ApiDeps): Promise<void> {
  const { recordForm: form, jobId, jobVersion } = letter
  if (form === null) throw refused('It is not known what the record was, so it cannot be replayed', null)
  if (form.kind !== 'JSON') return
  const value = parsed(record)
  const graph = await deps.jobs.graph(jobId, jobVersion)
  const names = graph.stream.nodes.find(({ id }) => id === form.of)?.schema.map(({ name }) => name) ?? []
  const unknown = Object.keys(value).find((key) => !names.includes(key))
  if (unknown !== undefined) throw refused(`${form.of} has no column ${unknown}`, nearestHint(unknown, names))
}

function parsed(record: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(record)
    if (isObject(value)) return value
  } catch (cause) {
    throw refused(`The record is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, null)
  }
  throw refused('The record is not a JSON object', null)
}

function refused(message: string, hint: string | null): JobError {
  return new JobError('usage.invalid', message, { pointer: '/record', ...(hint === null ? {} : { hint }) })
}
