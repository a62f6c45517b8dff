/** `etl explain FILE`: the graphs of a job, and what its restart strategy would decide. */
import { JobError } from '../../core/errors/job-error.js'
import { explainGraph, explainJson } from '../../core/graph/explain.js'
import { explainFailures } from '../../core/restart/index.js'
import { parseDuration } from '../../core/spec/duration.js'
import type { Context } from '../command.js'
import { table } from '../output.js'
import { compileFile } from './compile.js'
import { type LocalOptions, localParts } from './parts.js'

interface Options extends LocalOptions {
  readonly dot?: boolean
  readonly mermaid?: boolean
  readonly failures?: string
}

export async function explainCommand({ output }: Context, file: string, options: Options): Promise<void> {
  const { settings, graph } = await compileFile(file, localParts(options))
  if (options.failures !== undefined) {
    const explained = explainFailures(settings.restart, failureTimes(options.failures))
    const rows = explained.restarts.map((one) => [`${one.atMs} ms`, one.decision, `${one.delayMs} ms`, one.reason])
    return output.result(explained, () => table(['failure at', 'decision', 'delay', 'reason'], rows))
  }
  const format = options.dot === true ? 'dot' : options.mermaid === true ? 'mermaid' : 'text'
  output.result(explainJson(graph), () => explainGraph(graph, format))
}

/** `0ms,1200ms,3s` */
function failureTimes(text: string): readonly number[] {
  return text.split(',').map((part) => {
    const ms = parseDuration(part.trim())
    if (ms === null || ms < 0)
      throw new JobError('usage.invalid', `--failures: ${part.trim()} is not a duration such as 1200ms`)
    return ms
  })
}
