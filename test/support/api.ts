/** The API on a catalogue of its own, with a user of each role; answers are held against their published schemas. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Express } from 'express'
import request from 'supertest'
import { createApp } from '../../api/app.js'
import { newBearerToken } from '../../api/auth/bearer.js'
import { connectorRecords } from '../../api/bootstrap.js'
import { createDeps } from '../../api/create-deps.js'
import type { ApiDeps } from '../../api/deps.js'
import { openTemporal } from '../../api/temporal.js'
import { openConnectors } from '../../connectors/custom/open-connectors.js'
import { connectors } from '../../connectors/index.js'
import type { Role } from '../../core/security/roles.js'
import { functionsBelow } from '../../functions/open-functions.js'
import { type Database, openDatabase } from '../../models/database.js'
import { connectionStore } from '../../models/stores/connection-store.js'
import { connectorStore, seedConnectors } from '../../models/stores/connector-store.js'
import { secretStore } from '../../models/stores/secret-store.js'
import { operators } from '../../operators/index.js'
import type { OidcSettings } from '../../process/oidc-environment.js'
import { openStore } from '../../storage/open-store.js'
import { withMigratedDatabase } from './lend.js'

export interface LentApi {
  readonly app: Express
  readonly deps: ApiDeps
  readonly database: Database
  readonly url: string
  readonly secretKey: string
  readonly folder: string
  readonly tokens: Readonly<Record<Role, string>>
  readonly users: Readonly<Record<Role, string>>
  /** A call as somebody; ADMIN unless said otherwise. */
  call(method: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string, as?: Role | null): request.Test
  readonly logged: readonly string[]
}

export interface LentApiOptions {
  /** Nobody listens there unless a test brings a server. */
  readonly temporal?: { readonly address: string; readonly namespace: string }
  readonly limits?: Partial<ApiDeps['limits']>
  readonly privateHosts?: readonly string[]
  readonly oidc?: OidcSettings
  readonly verifyPassword?: ApiDeps['verifyPassword']
}

export async function withApi<T>(options: LentApiOptions, run: (api: LentApi) => Promise<T>): Promise<T> {
  return await withMigratedDatabase(async (url) => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-api-'))
    const database = await openDatabase(url)
    const temporal = openTemporal(options.temporal ?? { address: '127.0.0.1:1', namespace: 'default', patienceMs: 200 })
    const secretKey = randomBytes(32).toString('base64')
    const logged: string[] = []
    const note = (details: object, message: string) => void logged.push(`${message} ${JSON.stringify(details)}`)
    const connectorPath = join(folder, 'connectors')
    const known = openConnectors(connectors, connectorStore(database).registered, connectorPath)
    const parts = {
      connectors: known.list,
      needConnectors: known.need,
      operators,
      functions: functionsBelow(join(folder, 'functions'), 'NOWHERE'),
      store: openStore(pathToFileURL(join(folder, 'store')).href),
      connection: connectionStore(database, secretKey).resolve,
      secret: secretStore(database, secretKey).resolve,
      environment: {},
      files: { fileRoots: [folder], base: folder, privateHosts: options.privateHosts ?? [] },
      scratch: folder,
      memoryLimitBytes: 256 * 1024 ** 2,
      threads: 1,
    }
    const made = createDeps({
      database,
      temporal,
      parts,
      secretKey,
      connectorPath,
      oidc: options.oidc ?? null,
      log: { info: note, warn: note, error: note },
      limits: { bodyBytes: 4 * 1024 ** 2, callsPerMinute: 0, corsOrigins: [], trustedProxies: [] },
    })
    const deps: ApiDeps = {
      ...made,
      checkAnswers: true,
      verifyPassword: options.verifyPassword ?? made.verifyPassword,
      limits: { ...made.limits, loginsPerMinute: 1000, loginsPerMinuteOfUser: 1000, ...options.limits },
    }
    try {
      await seedConnectors(database, connectorRecords(connectors))
      const app = createApp(deps)
      const people = await makePeople(deps)
      return await run({
        app,
        deps,
        database,
        url,
        secretKey,
        folder,
        ...people,
        logged,
        call(method, path, as = 'ADMIN') {
          const test = request(app)[method](`/api/v1${path}`)
          return as === null ? test : test.set('Authorization', `Bearer ${people.tokens[as]}`)
        },
      })
    } finally {
      await deps.keeper.close()
      await deps.starter.close()
      await Promise.allSettled([temporal.close(), database.close(), rm(folder, { recursive: true, force: true })])
    }
  })
}

async function makePeople(deps: ApiDeps) {
  const made = await Promise.all(
    (['ADMIN', 'DEVELOPER', 'USER'] as const).map(async (role) => {
      const userId = randomUUID()
      const passwordHash = 'nobody logs in with this'
      await deps.users.create({
        userId,
        username: role.toLowerCase(),
        role,
        passwordHash,
        email: null,
        displayName: null,
      })
      const { token, hash } = newBearerToken()
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
      await deps.tokens.create({
        tokenId: randomUUID(),
        userId,
        name: 'test',
        type: 'API',
        role: null,
        hash,
        expiresAt,
      })
      return { role, userId, token }
    }),
  )
  const by = (key: 'userId' | 'token') =>
    Object.fromEntries(made.map((one) => [one.role, one[key]])) as Record<Role, string>
  return { tokens: by('token'), users: by('userId') }
}
