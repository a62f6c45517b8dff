/** How a command says that it failed: in words, with every problem and its place, and by its exit code. Never a stack. */
import { CODES } from '../core/errors/codes.js'
import { JobError, reportError, toJobError } from '../core/errors/job-error.js'
import type { Problem } from '../core/errors/problem.js'
import type { Output } from './output.js'

export function reportFailure(error: unknown, output: Output): number {
  const known = toJobError(error)
  const problems = (error as { problems?: readonly Problem[] } | null)?.problems ?? []
  if (output.json) {
    output.result({ error: reportError(known), ...(problems.length > 0 ? { errors: problems } : {}) }, () => '')
  } else {
    output.note(`${output.colour.red('error')} ${known.code}: ${placed(known.pointer, known.message)}`)
    for (const problem of problems) output.note(describe(problem))
    if (known.hint !== undefined) output.note(`  hint: ${known.hint}`)
  }
  return CODES[known.code].exit
}

export function describe(problem: Problem): string {
  const node = problem.nodeId === null ? '' : ` [${problem.nodeId}]`
  const hint = problem.hint === null ? '' : `\n      ${problem.hint}`
  return `  ${problem.pointer || '/'}${node} ${problem.code}: ${problem.message}${hint}`
}

/** A failure with all that is wrong, each with its place. */
export class FailedWithProblems extends JobError {
  constructor(
    code: JobError['code'],
    message: string,
    readonly problems: readonly Problem[],
    hint?: string,
  ) {
    super(code, message, hint === undefined ? {} : { hint })
  }
}

function placed(pointer: string | undefined, message: string): string {
  return pointer === undefined ? message : `${pointer}: ${message}`
}
