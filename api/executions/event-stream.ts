/** The timeline as server-sent events: what is there, then what comes, until the execution has ended. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isTerminal } from '../../core/execution/status.js'
import type { ApiDeps } from '../deps.js'

const POLL_MS = 500
const KEEP_ALIVE_MS = 15_000
const AT_ONCE = 500

export async function streamEvents(
  executionId: string,
  after: string | undefined,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  deps: ApiDeps,
): Promise<void> {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  let last = request.headers['last-event-id']?.toString() ?? after
  let saidMs = Date.now()
  while (!response.destroyed) {
    // Asked before the events: what ended before it was asked has all its events below.
    const { status } = await deps.executions.get(executionId)
    const events = await deps.executions.events(executionId, { limit: AT_ONCE, after: last })
    for (const event of events) {
      response.write(`id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      last = event.sequence
      saidMs = Date.now()
    }
    if (events.length === AT_ONCE) continue
    if (isTerminal(status)) break
    if (Date.now() - saidMs > KEEP_ALIVE_MS) {
      response.write(': alive\n\n')
      saidMs = Date.now()
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref())
  }
  response.end()
}
