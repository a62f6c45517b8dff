/** `etl api` and `etl worker`: run until they are told to stop; a second signal ends them at once. */
import type { Context } from '../command.js'

export async function api({ output, variables }: Context): Promise<number> {
  const { startApi } = await import('../../api/main.js')
  const running = await startApi(variables)
  output.note(`API at ${running.url}, documentation at ${running.url}/api/v1/docs/`)
  return await untilSignal(running.close)
}

export async function worker({ output, variables }: Context): Promise<number> {
  const { startWorker } = await import('../../worker/main.js')
  const running = await startWorker(variables)
  output.note('Worker started')
  return await untilSignal(running.stop)
}

const LINGER_MS = 1000

async function untilSignal(stop: () => Promise<void>): Promise<number> {
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  const now = () => process.exit(1)
  process.once('SIGTERM', now)
  process.once('SIGINT', now)
  await stop()
  // A step that would not let go must not keep the process.
  setTimeout(() => process.exit(0), LINGER_MS).unref()
  return 0
}
