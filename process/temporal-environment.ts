/** How Temporal is reached: by whom, through which certificates, and whether what crosses it is encrypted. */
import { readFileSync } from 'node:fs'
import type { Read } from './variables.js'
import { yesOrNo } from './variables.js'

export interface TemporalEnvironment {
  readonly address: string
  readonly namespace: string
  /** null: not encrypted on the way. */
  readonly tls: TemporalTls | null
  readonly apiKey: string | null
  /** The keys that read payloads, as ETL_SECRET_KEY is written, and whether the first of them encrypts what is written. */
  readonly payloads: { readonly keys: string; readonly encrypts: boolean }
}

export interface TemporalTls {
  /** PEM; null: the authorities that the system trusts. */
  readonly serverRootCACertificate: Buffer | null
  readonly clientCertPair: { readonly crt: Buffer; readonly key: Buffer } | null
  /** The name that the server's certificate must have; null: that of the address. */
  readonly serverNameOverride: string | null
}

type Problems = string[]

export function readTemporal(read: Read, problems: Problems, secretKey: string, isKey: (text: string) => string) {
  const encrypts = read('ETL_TEMPORAL_ENCRYPTION', yesOrNo, () => false)
  const ownKey = read<string | null>('ETL_TEMPORAL_ENCRYPTION_KEY', isKey, () => null)
  const apiKey = read<string | null>('ETL_TEMPORAL_API_KEY', String, () => null)
  return {
    address: read('ETL_TEMPORAL_ADDRESS', address, () => '127.0.0.1:7233'),
    namespace: read('ETL_TEMPORAL_NAMESPACE', String, () => 'default'),
    tls: readTls(read, problems, apiKey !== null),
    apiKey,
    payloads: { keys: ownKey === null ? secretKey : `${ownKey},${secretKey}`, encrypts },
  } satisfies TemporalEnvironment
}

/** On as soon as any of its files is named; an API key is never sent in the clear. */
function readTls(read: Read, problems: Problems, hasApiKey: boolean): TemporalTls | null {
  const file = (name: string) =>
    read<Buffer | null>(
      name,
      (path) => readFileSync(path),
      () => null,
    )
  const serverRootCACertificate = file('ETL_TEMPORAL_TLS_CA')
  const crt = file('ETL_TEMPORAL_TLS_CERT')
  const key = file('ETL_TEMPORAL_TLS_KEY')
  if ((crt === null) !== (key === null)) problems.push('ETL_TEMPORAL_TLS_CERT and ETL_TEMPORAL_TLS_KEY belong together')
  const serverNameOverride = read<string | null>('ETL_TEMPORAL_TLS_SERVER_NAME', String, () => null)
  const isMeant = [serverRootCACertificate, crt, serverNameOverride].some((one) => one !== null) || hasApiKey
  if (!read('ETL_TEMPORAL_TLS', yesOrNo, () => isMeant)) {
    if (isMeant) problems.push('ETL_TEMPORAL_TLS is false, though an API key or a certificate is given')
    return null
  }
  return {
    serverRootCACertificate,
    clientCertPair: crt === null || key === null ? null : { crt, key },
    serverNameOverride,
  }
}

function address(text: string): string {
  if (!/^[^\s/:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/.test(text)) throw new Error('must look like host:port')
  return text
}

/** As both clients of the SDK take it. */
type Way = Pick<TemporalEnvironment, 'address'> & Partial<Pick<TemporalEnvironment, 'tls' | 'apiKey'>>

export function temporalOptions({ address: at, tls = null, apiKey = null }: Way) {
  return {
    address: at,
    ...(apiKey === null ? {} : { apiKey }),
    ...(tls === null ? {} : { tls: tlsOptions(tls) }),
  }
}

function tlsOptions({ serverRootCACertificate, clientCertPair, serverNameOverride }: TemporalTls) {
  return {
    ...(serverRootCACertificate === null ? {} : { serverRootCACertificate }),
    ...(clientCertPair === null ? {} : { clientCertPair }),
    ...(serverNameOverride === null ? {} : { serverNameOverride }),
  }
}
