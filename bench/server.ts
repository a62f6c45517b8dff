/** The system as its users reach it: jobs are saved and started over REST. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { ExecutionReport } from '../core/execution/report.js'
import { workflowIdOf } from '../core/execution/workflow-names.js'

export interface Server {
  /** Answers the id of the job. */
  save(spec: object): Promise<string>
  /** Answers the id of the execution, which goes on. */
  start(jobId: string): Promise<string>
  cancel(executionId: string): Promise<void>
  /** From asking for an execution until it has completed. */
  execute(jobId: string): Promise<{ readonly ms: number; readonly report: ExecutionReport }>
}

export async function serverAt(url: string, password: string, temporal: Client): Promise<Server> {
  let token = ''
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
    return JSON.parse(text) as T
  }
  token = (await call<{ token: string }>('POST', '/auth/login', { username: 'admin', password })).token
  const begin = async (jobId: string) =>
    (await call<{ executionId: string }>('POST', `/jobs/${jobId}/executions`, {})).executionId
  return {
    start: begin,
    cancel: async (executionId) => {
      await call('POST', `/executions/${executionId}/cancel`, {})
    },
    save: async (spec) => (await call<{ jobId: string }>('POST', '/jobs', spec)).jobId,
    execute: async (jobId) => {
      const began = performance.now()
      const executionId = await begin(jobId)
      const failure = await resultOf(temporal, workflowIdOf(jobId, executionId))
      const ms = performance.now() - began
      const report = await call<ExecutionReport>('GET', `/executions/${executionId}`)
      if (report.status === 'COMPLETED') return { ms, report }
      throw new Error(`The job ended as ${report.status}: ${report.error?.message ?? ''}`, { cause: failure })
    },
  }
}

/** The answer to a submission may come before the workflow is there. */
async function resultOf(temporal: Client, workflowId: string): Promise<unknown> {
  for (;;) {
    try {
      await temporal.workflow.result(workflowId)
      return null
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) return error
      await sleep(1)
    }
  }
}
