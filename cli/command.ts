/** What every command is given. */
import type { Output } from './output.js'

export interface Context {
  readonly output: Output
  readonly variables: NodeJS.ProcessEnv
}

/** Answers the exit code; anything but a number is 0. */
// biome-ignore lint/suspicious/noExplicitAny: options are typed where a command declares them
export type Command = (context: Context, ...given: any[]) => Promise<unknown>
