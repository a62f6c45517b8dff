/** Where the API listens, and how much it bears (docs/operations/hardening.md). */
import { duration, hosts, listOf, port, type Read, size, whole } from './variables.js'

export interface ApiEnvironment {
  readonly host: string
  readonly port: number
  /** Calls a minute from one address; 0: no limit. */
  readonly callsPerMinute: number
  readonly bodyBytes: number
  /** Pages of these origins may call the API from a browser. */
  readonly corsOrigins: readonly string[]
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** From the first byte of a request to the end of its headers, and of all of it. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** How long calls that are at work may go on after SIGTERM. */
  readonly drainTimeoutMs: number
}

export function readApi(read: Read): ApiEnvironment {
  return {
    host: read('ETL_API_HOST', String, () => '127.0.0.1'),
    port: read('ETL_API_PORT', port, () => 8080),
    callsPerMinute: read('ETL_API_RATE_LIMIT', whole(0, 1e9), () => 3000),
    bodyBytes: read('ETL_API_BODY_LIMIT', size, () => 4 * 1024 ** 2),
    corsOrigins: read('ETL_API_CORS_ORIGINS', origins, () => []),
    trustedProxies: read('ETL_API_TRUSTED_PROXIES', hosts, () => []),
    headersTimeoutMs: read('ETL_API_HEADERS_TIMEOUT', duration, () => 10_000),
    requestTimeoutMs: read('ETL_API_REQUEST_TIMEOUT', duration, () => 60_000),
    drainTimeoutMs: read('ETL_API_DRAIN_TIMEOUT', duration, () => 5000),
  }
}

function origins(text: string): readonly string[] {
  const all = listOf(text)
  if (all.every((one) => URL.canParse(one) && new URL(one).origin === one)) return all
  throw new Error('must name origins, with commas between them: https://etl.example, http://127.0.0.1:3000')
}
