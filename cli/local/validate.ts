/** `etl validate FILE`: shape, meaning and types of a job, without a server. */
import type { Context } from '../command.js'
import { compileFile, describeWithLine } from './compile.js'
import { type LocalOptions, localParts } from './parts.js'

export async function validateCommand({ output }: Context, file: string, options: LocalOptions): Promise<void> {
  const { settings, graph, warnings, definition } = await compileFile(file, localParts(options))
  for (const warning of warnings) output.note(`warning\n${describeWithLine(warning, definition)}`)
  const { nodes } = graph.stream
  output.result(
    { valid: true, name: settings.name, warnings },
    () => `${file} is valid: ${settings.name}, ${nodes.length} nodes, ${graph.vertices.length} chains`,
  )
}
