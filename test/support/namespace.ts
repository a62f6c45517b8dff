import { randomUUID } from 'node:crypto'
import { Connection } from '@temporalio/client'
import { registerMissing } from '../../api/temporal.js'
import { until } from './until.js'

/** A namespace of its own: nobody else's workflows reach the workers of a test. */
export async function ownNamespace(address: string): Promise<string> {
  const namespace = `test-${randomUUID()}`
  const connection = await Connection.connect({ address })
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    })
    await until('the namespace is known', async () => await connection.workflowService.describeNamespace({ namespace }))
    await registerMissing(connection, namespace)
  } finally {
    await connection.close()
  }
  return namespace
}

export function temporalAddress(): string {
  const address = process.env.ETL_TEST_TEMPORAL_ADDRESS
  if (address) return address
  throw new Error('ETL_TEST_TEMPORAL_ADDRESS is not set: this test needs a Temporal server.')
}
