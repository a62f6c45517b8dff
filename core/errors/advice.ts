/** For every code: why it comes about, what to look at, what to do. A code without is an error of types. */
import type { Advice } from './advice/advice.js'
import { ofDefinitions } from './advice/definition.js'
import { ofRuns } from './advice/running.js'
import { ofTheSystem } from './advice/system.js'
import { CODES, type ErrorCode } from './codes.js'

export const ADVICE: Readonly<Record<ErrorCode, Advice>> = { ...ofDefinitions, ...ofRuns, ...ofTheSystem }

/** Where the API serves the page of a code: the `type` of its problems. */
export const errorPagePath = (code: ErrorCode): string => `/api/v1/docs/errors/${code}`

/** The page of a code, as Markdown below its title. */
export function errorPageText(code: ErrorCode): string {
  const { meaning, owner, onFailure, http, exit } = CODES[code]
  const { why, look, act } = ADVICE[code]
  return [
    `${meaning} ${why}`,
    `**Whose:** ${WHOSE[owner]} **An execution:** ${DOES[onFailure]} **HTTP** ${http}, **exit code** ${exit}.`,
    `## What to look at\n\n${list(look)}`,
    `## What to do\n\n${list(act)}`,
  ].join('\n\n')
}

const WHOSE = {
  USER: 'who wrote or called it.',
  EXTERNAL: 'another system.',
  INTERNAL: 'this software.',
}
const DOES = {
  RESTART: 'its restart strategy decides.',
  FAIL: 'ends as FAILED; restarts would not help.',
  WAIT: 'waits and tries again without limit; no restart is used up.',
}

const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n')
