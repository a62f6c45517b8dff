/** `etl emit`: an event from a shell or a script. */
import { randomUUID } from 'node:crypto'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import type { JobSummary } from '../jobs.js'
import { table } from '../output.js'

interface EmitOptions {
  readonly id?: string
  readonly time?: string
  readonly payload?: string
}

interface Posted {
  readonly eventId: string
  readonly isNew: boolean
  readonly executions: readonly {
    readonly jobId: string
    readonly executionId: string | null
    readonly status: string | null
    readonly message: string | null
  }[]
}

export async function emit({ output, variables }: Context, type: string, options: EmitOptions): Promise<void> {
  const { id = randomUUID(), time, payload } = options
  const client = connect(variables)
  const body = { id, type, time, payload: payload === undefined ? {} : readPayload(payload) }
  const posted = await client.send<Posted>('POST', '/events', body)
  if (!posted.isNew) output.note(`event ${posted.eventId} has come before; nothing more is started`)
  const names = output.json ? new Map<string, string>() : await namesOf(client, posted)
  const rows = posted.executions.map((one) => [
    names.get(one.jobId) ?? one.jobId,
    one.executionId ?? '',
    one.status ?? '',
    one.message ?? '',
  ])
  output.result(posted, () =>
    rows.length === 0 ? 'no job waits for it' : table(['job', 'execution', 'status', 'message'], rows),
  )
}

/** One that may not be looked at goes by its id. */
async function namesOf(client: Client, { executions }: Posted): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    executions.map(async ({ jobId }) => {
      try {
        return [[jobId, (await client.get<JobSummary>(`/jobs/${jobId}`)).name]] as const
      } catch (error) {
        if (isJobError(error) && (error.code === 'not.found' || error.code === 'permission.denied')) return []
        throw error
      }
    }),
  )
  return new Map(found.flat())
}

function readPayload(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new JobError('usage.invalid', `--payload is not JSON: ${(error as Error).message}`)
  }
}
