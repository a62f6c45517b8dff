/** The small HTTP server of a process that has no other: `/metrics`, and `/healthz`. */
import { createServer, type Server } from 'node:http'
import { portRefused } from '../core/errors/port-refused.js'
import type { Exposition } from './registry.js'

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Throws `environment.invalid` where the port cannot be had. Port 0: any that is free. */
export async function exposeMetrics(host: string, port: number, exposition: Exposition): Promise<Listener> {
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end()
    if (path === '/healthz')
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
    if (path !== '/metrics') return void response.writeHead(404).end()
    try {
      const text = await exposition.text()
      response.writeHead(200, { 'content-type': exposition.contentType, 'cache-control': 'no-store' }).end(text)
    } catch {
      response.writeHead(500).end()
    }
  })
  await listening(server, host, port)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (cause) => reject(portRefused(host, port, HINT, cause)))
    server.listen(port, host)
  })
}

const HINT = 'Each worker of a machine needs a port of its own: set ETL_WORKER_METRICS_PORT.'
