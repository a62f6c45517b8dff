/** The workflows of executions, as Temporal knows them, for whoever compares them with rows. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Workflows } from '../activities/maintenance/work.js'
import { WORKFLOW_TYPE } from '../core/execution/workflow-names.js'

export function workflowsOf(client: Client): Workflows {
  return {
    async running(before) {
      const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND StartTime < '${before.toISOString()}'`
      const found: string[] = []
      for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId)
      return found
    },
    async stateOf(workflowId) {
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe()
        return status.name === 'RUNNING' || status.name === 'PAUSED' ? 'RUNNING' : 'CLOSED'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'GONE'
        throw error
      }
    },
  }
}
