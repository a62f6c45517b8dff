/** A real server on a port of its own, which answers as a test says and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly atMs: number
}

export type Answering = (asked: Asked, response: ServerResponse, number: number) => unknown

export interface HttpServer {
  /** Without a slash behind it. */
  readonly url: string
  readonly asked: Asked[]
  /** From now on it answers so. What is returned is sent as JSON; undefined: the response was written, or never will be. */
  answers(answering: Answering): void
  close(): Promise<void>
}

export async function startHttpServer(answering: Answering = () => [], host = '127.0.0.1'): Promise<HttpServer> {
  let current = answering
  const asked: Asked[] = []
  const server = createServer((request, response) => void answer(request, response))
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const one: Asked = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', urlOf(server)),
      headers: request.headers,
      body: Buffer.concat(pieces).toString('utf8'),
      atMs: performance.now(),
    }
    asked.push(one)
    const value = await current(one, response, asked.length - 1)
    if (value === undefined) return
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value))
  }
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return {
    url: urlOf(server),
    asked,
    answers(next) {
      current = next
      asked.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
