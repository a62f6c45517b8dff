import { JobError } from '../../core/errors/job-error.js'
import type { ConnectorContext } from '../spi.js'
import { openClient } from './client.js'
import type { HttpConnection } from './config.js'
import { endpointOf, impatient } from './endpoint.js'

/** Asks for the URL itself. What stands there need be nothing: what counts is that somebody answers, and lets us in. */
export async function checkConnection(connection: HttpConnection, ctx: ConnectorContext): Promise<string> {
  const endpoint = impatient(endpointOf({ url: '' }, connection, ctx))
  const request = { method: 'GET', url: endpoint.url, headers: {}, body: null }
  const status = await openClient(endpoint, ctx.signal, 'SOURCE')
    .ask(request, {
      wants: (answered) => answered < 500 && ![401, 403, 407, 429].includes(answered),
      async from(answer) {
        answer.body.destroy()
        return answer.status
      },
    })
    .catch((error: unknown) => {
      throw asUnreached(error)
    })
  const isUsual = status < 400
  return isUsual
    ? `${endpoint.shown} answers ${status}.`
    : `${endpoint.shown} answers ${status}: it can be reached, and has nothing for us at this address itself. Many an API answers so; if a job fails, look at \`url\` first.`
}

function asUnreached(error: unknown): unknown {
  const { code, message, hint } = error as JobError
  if (code !== 'source.unreadable') return error
  return new JobError('connection.refused', message, { cause: error, ...(hint !== undefined && { hint }) })
}
