/** `etl submit FILE`: saves the job and starts an execution. */
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { readJob, readParameters } from '../definitions.js'
import { saveJob, startJob } from '../jobs.js'
import { watch } from '../watch.js'

interface Options {
  readonly watch?: boolean
  readonly start: boolean
  readonly param?: readonly string[]
}

export async function submit({ output, variables }: Context, file: string, options: Options): Promise<number> {
  const { value } = readJob(file)
  const parameters = readParameters(options.param)
  const client = connect(variables)
  const saved = await saveJob(client, value)
  const said = `${String(value.name)} version ${saved.version} ${saved.change} (job ${saved.jobId})`
  if (!options.start) {
    output.result(saved, () => said)
    return 0
  }
  const started = await startJob(client, saved.jobId, parameters)
  if (options.watch === true) {
    output.note(`${said}, execution ${started.executionId}`)
    return await watch(client, started.executionId, output)
  }
  output.result({ ...saved, ...started }, () => `${said}\nexecution ${started.executionId} ${started.status}`)
  return 0
}
