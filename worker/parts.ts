import { availableParallelism, totalmem } from 'node:os'
import { openConnectors } from '../connectors/custom/open-connectors.js'
import { connectors } from '../connectors/index.js'
import type { EngineParts } from '../engine/engine.js'
import { functionsBelow } from '../functions/open-functions.js'
import type { Database } from '../models/database.js'
import { connectionStore } from '../models/stores/connection-store.js'
import { connectorStore } from '../models/stores/connector-store.js'
import { replayedRecords } from '../models/stores/dead-letter/replayed-records.js'
import { revealNode } from '../models/stores/job/job-secrets.js'
import { secretStore } from '../models/stores/secret-store.js'
import { operators } from '../operators/index.js'
import type { Environment } from '../process/environment.js'
import { openStore } from '../storage/open-store.js'
import { openScratch } from './scratch.js'

const GiB = 1024 ** 3

/** What the engine works with on this machine. */
export async function workerParts(environment: Environment, database: Database): Promise<EngineParts> {
  const known = openConnectors(connectors, connectorStore(database).registered, environment.connectorPath)
  return {
    connectors: known.list,
    needConnectors: known.need,
    operators,
    functions: functionsBelow(environment.functionPath, 'NOWHERE'),
    store: openStore(environment.storageUrl),
    connection: (name) => connectionStore(database, environment.secretKey).resolve(name),
    secret: (name) => secretStore(database, environment.secretKey).resolve(name),
    deadLetters: replayedRecords(database),
    reveal: revealNode(database, environment.secretKey),
    environment: process.env,
    files: {
      fileRoots: environment.fileRoots,
      base: environment.fileRoots[0] ?? process.cwd(),
      privateHosts: environment.allowPrivateHosts,
    },
    scratch: await openScratch(environment.home),
    memoryLimitBytes: Math.min(GiB / 2, totalmem() / 4 / environment.workerSlots),
    threads: availableParallelism(),
  }
}
