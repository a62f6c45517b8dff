/** A job file, compiled on this machine; everything wrong with it at once. */
import type { Problem } from '../../core/errors/problem.js'
import { type CompileOptions, compileJob } from '../../engine/compile-job.js'
import type { EngineParts } from '../../engine/engine.js'
import { type Definition, readJob } from '../definitions.js'
import { describe, FailedWithProblems } from '../failure.js'

export async function compileFile(file: string, parts: EngineParts, options: CompileOptions = {}) {
  const definition = readJob(file)
  const compiled = await compileJob(definition.value, parts, options)
  if (compiled.ok) return { ...compiled, definition }
  const { length } = compiled.problems
  const problems = compiled.problems.map((problem) => withLine(problem, definition))
  throw new FailedWithProblems(
    'spec.invalid',
    `${file} has ${length === 1 ? 'a problem' : `${length} problems`}`,
    problems,
  )
}

export function describeWithLine(problem: Problem, definition: Definition): string {
  return describe(withLine(problem, definition))
}

/** `jobs/a.yaml:12` before the message, where editors and terminals find it. */
function withLine(problem: Problem, { file, lineOf }: Definition): Problem & { readonly line: number } {
  const line = lineOf(problem.pointer)
  return { ...problem, message: `${problem.message} (${file}:${line})`, line }
}
