/** Connections that are kept open, for all requests of this process that may reach the same hosts. */
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { buildConnector, Dispatcher } from 'undici'
import { JobError } from '../../core/errors/job-error.js'
import { parseDuration } from '../../core/spec/duration.js'
import { bareHost, type Reach, reachOf } from './addresses.js'
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

async function openAgent(timeout: number, tls: HttpConnection['tls'], reach: Reach): Promise<Dispatcher> {
  // Loaded by whoever needs it: most commands make no request.
  const { Agent, buildConnector: connectorWith } = await import('undici')
  const certificates = Object.fromEntries(Object.entries(tls ?? {}).filter(([, value]) => value !== undefined))
  const connect = connectorWith({ ...certificates, timeout, lookup: publicLookup(reach) })
  return new Agent({
    // Judged where the connection is made, by the address that it is made to: no name means another one by then.
    connect(options: buildConnector.Options, done: buildConnector.Callback) {
      const host = bareHost(options.hostname)
      if (isIP(host) !== 0 && !reach.allows(host, host)) done(notReached(host), null)
      else connect(options, done)
    },
  })
}

/** Of the addresses of a name only those that may be reached. */
function publicLookup(reach: Reach): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [], 0)
      const allowed = (found as LookupAddress[]).filter(({ address }) => reach.allows(host, address))
      const [first] = allowed
      if (first === undefined) return done(notReached(host), [], 0)
      if (options.all === true) done(null, allowed)
      else done(null, first.address, first.family)
    })
  }
}

const notReached = (host: string) =>
  new JobError('config.invalid', `The host ${host} has an address that is not public.`, {
    pointer: '/url',
    hint: 'Whoever runs the server can allow it: ETL_ALLOW_PRIVATE_HOSTS names hosts and ranges.',
  })
