/** What this process did by itself, in the audit: the first user that it made, and steps of the schema that came since. */
import { ownOperation } from '../models/stores/operation-log-store.js'
import type { ApiDeps } from './deps.js'

export async function auditFirstUser({ operationLog }: Pick<ApiDeps, 'operationLog'>): Promise<void> {
  await operationLog.append(bySystem('CREATE_USER', 'USER', { username: 'admin', role: 'ADMIN' }))
}

/** `etl migrate` has no key to sign with: whoever starts next tells of it. */
export async function auditMigrations({ operationLog }: Pick<ApiDeps, 'operationLog'>): Promise<void> {
  await operationLog.append(bySystem('START_API', 'SYSTEM', {}))
  const steps = await operationLog.newMigrations()
  if (steps.length > 0) await operationLog.append(bySystem('MIGRATE', 'CATALOGUE', { steps }))
}

function bySystem(operationType: string, resourceType: string, requestParams: Readonly<Record<string, unknown>>) {
  return ownOperation({
    username: 'system',
    operationType,
    resourceType,
    resourceId: null,
    requestParams,
    succeeded: true,
    errorMessage: null,
    durationMs: null,
    startedAt: null,
  })
}
