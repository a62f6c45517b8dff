import type { Connection } from '@temporalio/client'
import { until } from './processes.js'

/** Nobody else's workers take our tasks, nor ours theirs. */
export async function createNamespace(connection: Connection): Promise<string> {
  const namespace = `bench-${Date.now().toString(36)}-${process.pid}`
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  })
  // A new namespace is known only after a moment.
  await until('the namespace is known', null, async () => {
    await connection.workflowService.describeNamespace({ namespace })
    return true
  })
  return namespace
}
