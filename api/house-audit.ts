/** What this process did by itself, in the audit: the first user that it made, and steps of the schema that came since. */
import type { ApiDeps } from './deps.js'

export async function auditFirstUser({ operationLog }: Pick<ApiDeps, 'operationLog'>): Promise<void> {
  await operationLog.append(ownOperation('CREATE_USER', 'USER', { username: 'admin', role: 'ADMIN' }))
}

/** `etl migrate` has no key to sign with: whoever starts next tells of it. */
export async function auditMigrations({ operationLog }: Pick<ApiDeps, 'operationLog'>): Promise<void> {
  await operationLog.append(ownOperation('START_API', 'SYSTEM', {}))
  const steps = await operationLog.newMigrations()
  if (steps.length > 0) await operationLog.append(ownOperation('MIGRATE', 'CATALOGUE', { steps }))
}

function ownOperation(operationType: string, resourceType: string, requestParams: Readonly<Record<string, unknown>>) {
  return {
    userId: null,
    username: 'system',
    operationType,
    resourceType,
    resourceId: null,
    requestParams,
    requestMethod: null,
    requestPath: null,
    responseStatus: null,
    succeeded: true,
    errorMessage: null,
    ipAddress: null,
    userAgent: null,
    durationMs: null,
    startedAt: null,
  }
}
