/** A definition that the server refuses: in which file and line, and that others were applied before it. */
import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { Definition } from '../definitions.js'
import { FailedWithProblems } from '../failure.js'

export function atFile(error: unknown, { kind, value, file, lineOf }: Definition, applied: number): FailedWithProblems {
  const { code, message, hint } = toJobError(error)
  const problems = (error as { problems?: readonly Problem[] } | null)?.problems ?? []
  const placed = problems.map((one) => ({ ...one, message: `line ${lineOf(one.pointer)}: ${one.message}` }))
  const before = applied === 0 ? 'nothing' : `${applied} of the files' definitions`
  const said = `${file}:${lineOf(problems[0]?.pointer ?? '')}: ${kind} ${value.name ?? value.key}: ${message}`
  return new FailedWithProblems(code, `${said} Before it, ${before} had been applied.`, placed, hint)
}
