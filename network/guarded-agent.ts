/** Connections to public hosts, and to those private ones that whoever runs the server has allowed. */
import { type LookupAddress, lookup } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import type { buildConnector, Dispatcher } from 'undici'
import { JobError } from '../core/errors/job-error.js'
import { bareHost, type Reach } from './addresses.js'

/** As Node's TLS takes them. */
type Certificates = Readonly<Record<string, unknown>>

export async function openAgent(timeout: number, tls: Certificates | undefined, reach: Reach): Promise<Dispatcher> {
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

/** An address that a host stands for and that may be reached, for whoever connects by himself. */
export async function addressOf(host: string, reach: Reach): Promise<string> {
  const bare = bareHost(host)
  const found = isIP(bare) === 0 ? await lookUp(bare, { all: true }) : [{ address: bare }]
  const allowed = found.find(({ address }) => reach.allows(bare, address))
  if (allowed === undefined) throw notReached(bare)
  return allowed.address
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
