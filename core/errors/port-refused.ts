import { JobError } from './job-error.js'
import { errorCode } from './system-error.js'

/** A server cannot listen there. */
export function portRefused(host: string, port: number, hint: string, cause: Error): JobError {
  const code = errorCode(cause)
  const said = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${code ?? cause.message})`
  return new JobError('environment.invalid', `Port ${port} on ${host} ${said}`, { hint, cause })
}
