/** Where the API is asked, and how long a caller may take. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { portRefused } from '../core/errors/port-refused.js'
import type { Environment } from '../process/environment.js'

/** Throws `environment.invalid` where the port cannot be had. */
export async function listen(app: RequestListener, api: Environment['api']): Promise<Server> {
  const { host, port, headersTimeoutMs, requestTimeoutMs } = api
  const limits = { headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs), requestTimeout: requestTimeoutMs }
  return await new Promise((resolve, reject) => {
    const server = createServer({ ...limits, connectionsCheckingInterval: 1000 }, app).listen(port, host)
    server.once('listening', () => resolve(server))
    server.once('error', (cause) => reject(portRefused(host, port, 'Set ETL_API_PORT or ETL_API_HOST.', cause)))
  })
}

/** With an address that can be reached from this machine. */
export function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
