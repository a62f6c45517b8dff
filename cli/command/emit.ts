/** `etl emit`: an event from a shell or a script. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
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
  const body = { id, type, time, payload: payload === undefined ? {} : readPayload(payload) }
  const posted = await connect(variables).send<Posted>('POST', '/events', body)
  if (!posted.isNew) output.note(`event ${posted.eventId} has come before; nothing more is started`)
  const rows = posted.executions.map((one) => [one.jobId, one.executionId ?? '', one.status ?? '', one.message ?? ''])
  output.result(posted, () =>
    rows.length === 0 ? 'no job waits for it' : table(['job', 'execution', 'status', 'message'], rows),
  )
}

function readPayload(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new JobError('usage.invalid', `--payload is not JSON: ${(error as Error).message}`)
  }
}
