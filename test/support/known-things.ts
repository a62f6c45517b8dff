/** One of each thing that paths of the API name, made on a running stack; and a description that knows them. */
import type { Stack } from './stack.js'

interface Operation {
  readonly parameters?: { name: string; in: string; example?: unknown; schema?: object }[]
}
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** By the name of the parameter. */
export async function makeThings({ request, submit, untilEnded }: Stack): Promise<Readonly<Record<string, string>>> {
  const made = async (path: string, body: unknown, field: string) => {
    const answer = await request<Record<string, string>>('POST', `/api/v1${path}`, body)
    if (answer.status >= 300) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body[field] ?? ''
  }
  const first = <T>(path: string) => request<{ items: T[] }>('GET', `/api/v1${path}`).then(({ body }) => body.items[0])
  const executionId = await submit(job)
  const { jobId } = await untilEnded(executionId)
  const schedule = await first<{ scheduleId: string }>(`/schedules?jobId=${jobId}`)
  const checkpoint = await first<{ checkpointId: string }>(`/executions/${executionId}/checkpoints`)
  const letter = await first<{ deadLetterId: string }>(`/jobs/${jobId}/dead-letters`)
  const rule = { name: 'failures', type: 'JOB_FAILED', channels: [] }
  const connection = { name: 'files', connector: 'jdbc', config: { url: 'sqlite:///none.db' } }
  const user = { username: 'someone', password: 'correct horse battery', role: 'USER' }
  await request('PUT', '/api/v1/secrets/word', { value: 'x' })
  return {
    executionId,
    jobId,
    scheduleId: schedule?.scheduleId ?? '',
    checkpointId: checkpoint?.checkpointId ?? '',
    deadLetterId: letter?.deadLetterId ?? '',
    ruleId: await made('/alert-rules', rule, 'ruleId'),
    connectionId: await made('/connections', connection, 'connectionId'),
    userId: await made('/users', user, 'userId'),
    runId: await made('/maintenance/run', { only: ['reconcile'] }, 'runId'),
  }
}

/** What deletes is not told of them, so that they stay. */
export function knowing(description: Description, things: Readonly<Record<string, string>>): Description {
  for (const path of Object.values(description.paths)) {
    for (const [method, operation] of Object.entries(path)) {
      for (const parameter of method === 'delete' ? [] : (operation.parameters ?? [])) {
        const known = things[parameter.name]
        if (known) parameter.example = known
      }
    }
  }
  return description
}

const job = {
  name: 'fuzzed',
  schedule: { type: 'CRON', cron: '0 0 5 1 1 ?', timezone: 'UTC' },
  onBadRecord: { action: 'DEAD_LETTER' },
  parameters: { day: { type: 'DATE', default: '2001-01-01' } },
  nodes: [
    { id: 'in', source: 'generator', config: { rows: 100, columns: { n: { kind: 'SEQUENCE' } } } },
    {
      id: 'bad',
      operator: 'MAP',
      input: 'in',
      config: { set: { m: "CASE WHEN n = 7 THEN CAST('x' AS INT) ELSE n END" } },
    },
    { id: 'out', sink: 'blackhole', input: 'bad', config: {} },
  ],
}
