import { mkdir, mkdtemp } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { openConnectors } from '../connectors/custom/open-connectors.js'
import { connectors } from '../connectors/index.js'
import type { EngineParts } from '../engine/engine.js'
import { functionsBelow } from '../functions/open-functions.js'
import type { Database } from '../models/database.js'
import { connectionStore } from '../models/stores/connection-store.js'
import { connectorStore } from '../models/stores/connector-store.js'
import { secretStore } from '../models/stores/secret-store.js'
import { operators } from '../operators/index.js'
import type { Environment } from '../process/environment.js'
import { openStore } from '../storage/open-store.js'

/** For compiling jobs and testing connections; the API runs no records. */
export async function apiParts(environment: Environment, database: Database): Promise<EngineParts> {
  const scratch = join(environment.home, 'scratch')
  await mkdir(scratch, { recursive: true })
  const { resolve: connection } = connectionStore(database, environment.secretKey)
  const { resolve: secret } = secretStore(database, environment.secretKey)
  const known = openConnectors(connectors, connectorStore(database).registered, environment.connectorPath)
  return {
    connectors: known.list,
    needConnectors: known.need,
    operators,
    functions: functionsBelow(environment.functionPath, 'NOWHERE'),
    store: openStore(environment.storageUrl),
    connection,
    secret,
    environment: process.env,
    files: {
      fileRoots: environment.fileRoots,
      base: environment.fileRoots[0] ?? process.cwd(),
      privateHosts: environment.allowPrivateHosts,
    },
    scratch: await mkdtemp(join(scratch, 'api-')),
    memoryLimitBytes: Math.min(512 * 1024 ** 2, Math.floor(totalmem() / 4)),
    threads: Math.min(2, availableParallelism()),
  }
}
