/** Connections that are kept open, for all requests of this process that may reach the same hosts. */
import type { Dispatcher } from 'undici'
import { parseDuration } from '../../core/spec/duration.js'
import { reachOf } from '../../network/addresses.js'
import { openAgent } from '../../network/guarded-agent.js'
import type { HttpConnection } from './config.js'

type Hosts = readonly string[] | null | undefined

const agents = new Map<string, Promise<Dispatcher>>()

export function agentFor(connection: HttpConnection | null, privateHosts: Hosts): Promise<Dispatcher> {
  const { connectTimeout = '10s', tls } = connection ?? {}
  const key = JSON.stringify([connectTimeout, tls ?? null, privateHosts ?? (privateHosts === null ? 'ANY' : [])])
  const present = agents.get(key)
  if (present) return present
  const made = openAgent(parseDuration(connectTimeout) ?? 10_000, tls, reachOf(privateHosts))
  agents.set(key, made)
  return made
}
