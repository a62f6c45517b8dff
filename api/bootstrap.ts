/** The first start on an empty catalogue: the user `admin`, and the connectors of this version as rows. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Connector } from '../connectors/spi.js'
import { JobError } from '../core/errors/job-error.js'
import type { ConnectorRecord } from '../models/stores/connector-store.js'
import type { UserStore } from '../models/stores/user-store.js'
import { readVersion } from '../process/version.js'
import { checkPassword, hashPassword } from './auth/password.js'
import { schemasOf } from './connectors/connector-routes.js'

/** Answers the password that was made up, to be shown once; null where one was given or there are users already. */
export async function createFirstAdmin(users: UserStore, given: string | null): Promise<string | null> {
  if (!(await users.isEmpty())) return null
  const password = given ?? randomBytes(18).toString('base64url')
  try {
    checkPassword(password, 'admin', '')
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : ''
    throw new JobError('environment.invalid', `ETL_ADMIN_PASSWORD is not a good password: ${said}`, { cause })
  }
  const who = { userId: randomUUID(), username: 'admin', role: 'ADMIN', email: null, displayName: null } as const
  try {
    await users.create({ ...who, passwordHash: await hashPassword(password) })
  } catch (error) {
    // Another API process was first.
    if (error instanceof JobError && error.code === 'conflict') return null
    throw error
  }
  return given === null ? password : null
}

const TYPES: Readonly<Record<string, ConnectorRecord['type']>> = {
  file: 'FILE',
  jdbc: 'JDBC',
  kafka: 'KAFKA',
  http: 'HTTP',
}

export function connectorRecords(connectors: readonly Connector[]): readonly ConnectorRecord[] {
  const connectorVersion = readVersion()
  return connectors.map((connector) => {
    const { name, summary, source, sink } = connector
    return {
      name,
      type: TYPES[name] ?? 'CUSTOM',
      class: `connectors/${name}/index.js#${name}`,
      connectorVersion,
      description: summary,
      supportsSource: source !== undefined,
      supportsSink: sink !== undefined,
      configSchema: schemasOf(connector),
      isBuiltin: true,
    }
  })
}
