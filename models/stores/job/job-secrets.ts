/** Secrets within jobs: encrypted in every table that holds a spec or a graph, in clear only where they are asked for. */
import type { JobGraph } from '../../../core/graph/job-graph.js'
import {
  type ChangeSecret,
  type ConfigSchemas,
  mapGraphSecrets,
  mapSpecSecrets,
} from '../../../core/security/spec-secrets.js'
import type { Database } from '../../database.js'
import { type Cipher, type CipherPlace, createCipher, isEncrypted } from '../../encryption.js'
import { mapTexts } from '../../map-texts.js'
import { findExecution } from '../journal/ownership.js'

export interface JobSecrets {
  readonly secretKey: string
  /** Which settings of a node are secret. */
  readonly schemas: ConfigSchemas
}

export interface JobVault {
  /** One ciphertext for each secret, the same in spec and graph; bound to job, node and field. */
  encrypt(jobId: string, job: SpecAndGraph): SpecAndGraph
  decryptSpec(jobId: string, spec: object): object
  decryptGraph(jobId: string, graph: JobGraph): JobGraph
}

export interface SpecAndGraph {
  readonly spec: object
  readonly graph: JobGraph
}

export function jobVault({ secretKey, schemas }: JobSecrets): JobVault {
  const cipher = createCipher(secretKey)
  const decrypt = (jobId: string, nodeId: string, config: unknown) => decryptConfig(cipher, jobId, nodeId, config)
  return {
    encrypt: (jobId, { spec, graph }) => {
      const known = new Map<string, string>()
      const change: ChangeSecret = (secret, { nodeId, field }) => {
        // As JSON: a number comes back as a number.
        const plain = JSON.stringify(secret)
        const key = JSON.stringify([nodeId, field, plain])
        const text = known.get(key) ?? cipher.encrypt(plain, placeOf(jobId, nodeId, field))
        known.set(key, text)
        return text
      }
      return { spec: mapSpecSecrets(spec, schemas, change), graph: mapGraphSecrets(graph, schemas, change) }
    },
    decryptSpec: (jobId, spec) => {
      const { nodes } = spec as { readonly nodes?: unknown }
      return Array.isArray(nodes) ? { ...spec, nodes: nodes.map((node) => changeNode(node, jobId, decrypt)) } : spec
    },
    decryptGraph: (jobId, graph) => {
      const nodes = graph.stream.nodes.map((node) => changeNode(node, jobId, decrypt))
      return { ...graph, stream: { ...graph.stream, nodes } }
    },
  }
}

/** For the worker: the config of one node of an execution. */
export function revealNode(db: Database, secretKey: string) {
  const cipher = createCipher(secretKey)
  const jobs = new Map<string, string>()
  return async ({ executionId, nodeId, config }: RevealedNode): Promise<Readonly<Record<string, unknown>>> => {
    if (!holdsEncrypted(config)) return config
    const jobId = jobs.get(executionId) ?? (await findExecution(db, executionId)).jobId
    if (jobs.size >= REMEMBERED) jobs.clear()
    jobs.set(executionId, jobId)
    return decryptConfig(cipher, jobId, nodeId, config) as Readonly<Record<string, unknown>>
  }
}

interface RevealedNode {
  readonly executionId: string
  readonly nodeId: string
  readonly config: Readonly<Record<string, unknown>>
}

const REMEMBERED = 1000

/** Answers a node as it was given, with its secrets under the key that encrypts now. */
export type RenewNode = <Node>(node: Node) => Node

/** A secret stays one ciphertext wherever it lies. */
export function renewNodes(cipher: Cipher, jobId: string): RenewNode {
  const renewed = new Map<string, string>()
  return (node) =>
    changeNode(node, jobId, (_jobId, nodeId, config) =>
      mapTexts(config, '', (text, field) => {
        if (!isEncrypted(text)) return text
        const fresh = renewed.get(text) ?? cipher.renew(text, placeOf(jobId, nodeId, field))
        renewed.set(text, fresh)
        return fresh
      }),
    )
}

function changeNode<Node>(
  node: Node,
  jobId: string,
  change: (jobId: string, nodeId: string, config: unknown) => unknown,
): Node {
  if (typeof node !== 'object' || node === null || !('config' in node)) return node
  return { ...node, config: change(jobId, String((node as { id?: unknown }).id), node.config) }
}

function decryptConfig(cipher: Cipher, jobId: string, nodeId: string, config: unknown): unknown {
  return mapTexts(config, '', (text, field) =>
    isEncrypted(text) ? JSON.parse(cipher.decrypt(text, placeOf(jobId, nodeId, field))) : text,
  )
}

function holdsEncrypted(config: unknown): boolean {
  let found = false
  mapTexts(config, '', (text) => {
    found ||= isEncrypted(text)
    return text
  })
  return found
}

function placeOf(jobId: string, nodeId: string, field: string): CipherPlace {
  return { table: 'etl_job', row: jobId, field: `${nodeId}${field}` }
}
