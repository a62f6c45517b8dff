import { isIP } from 'node:net'
import type { Connection, ConnectionOptions, metadataV12 } from '@platformatic/kafka'
import { JobError } from '../../core/errors/job-error.js'
import type { Wire } from './client.js'
import type { KafkaConnection } from './config.js'

type Broker = Pick<metadataV12.MetadataResponseBroker, 'nodeId' | 'host' | 'port'>

/** At most one connection to each broker; a lost one is made anew by whoever asks next. */
export interface Connections {
  /** To the first that answers of those that are known. */
  any(): Promise<Connection>
  to(nodeId: number): Promise<Connection>
  /** Where brokers are, as the cluster says. */
  learn(brokers: readonly Broker[]): void
  close(): Promise<void>
}

export function openConnections(wire: Wire, access: KafkaConnection): Connections {
  const bootstrap = access.brokers.map(readBroker)
  const known = new Map<number, Omit<Broker, 'nodeId'>>()
  const open = new Map<string, Promise<Connection>>()
  const all = new Set<Connection>()
  let closed = false

  const connect = ({ host, port }: Omit<Broker, 'nodeId'>): Promise<Connection> => {
    const name = `${host}:${port}`
    const present = open.get(name)
    if (present) return present
    const connection = new wire.Connection(access.clientId, optionsFor(host, access))
    const forget = () => {
      all.delete(connection)
      if (open.get(name) === connecting) open.delete(name)
    }
    // Whoever waits for an answer is told; a connection that dies while nobody does must not end the process.
    connection.on('error', forget)
    connection.on('close', forget)
    all.add(connection)
    const connecting = new Promise<Connection>((resolve, reject) => {
      connection.connect(host, port, (error) => (error ? reject(error) : resolve(connection)))
    })
    open.set(name, connecting)
    connecting.catch(forget)
    return connecting
  }

  return {
    async any() {
      const failures: unknown[] = []
      for (const broker of [...bootstrap, ...known.values()]) {
        if (closed) break
        try {
          return await connect(broker)
        } catch (error) {
          failures.push(error)
        }
      }
      throw failures[0] ?? new wire.NetworkError('Connection closed')
    },
    async to(nodeId) {
      const broker = known.get(nodeId)
      if (closed || broker === undefined) throw new wire.NetworkError(`Broker ${nodeId} is not known`)
      return await connect(broker)
    },
    learn(brokers) {
      for (const { nodeId, host, port } of brokers) known.set(nodeId, { host, port })
    },
    async close() {
      closed = true
      await Promise.allSettled([...all].map((connection) => connection.close()))
    },
  }
}

function optionsFor(host: string, { sasl, tls = false }: KafkaConnection): ConnectionOptions {
  const common = { connectTimeout: 10_000, requestTimeout: 30_000, maxInflights: 5, ...(sasl && { sasl }) }
  if (tls === false) return common
  const { serverName, ...given } = tls === true ? { serverName: undefined } : tls
  const certificates = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  // An address is not a name that a server could choose a certificate by.
  const name = serverName ?? (isIP(host) === 0 ? host : undefined)
  return { ...common, tls: certificates, ...(name !== undefined && { tlsServerName: name }) }
}

function readBroker(text: string): Omit<Broker, 'nodeId'> {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  if (port > 0 && port < 65_536) return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port }
  throw new JobError('config.invalid', `${text} has no port that can be.`, { pointer: '/connection/brokers' })
}
