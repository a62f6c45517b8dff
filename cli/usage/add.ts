import type { Command as Program } from 'commander'
import type { Command } from '../command.js'

/** Loads the file that does it. */
export type Load = () => Promise<Command>

/** Says that a command is there; its answer takes the options. `parent`: what it is a command of. */
export type Add = (usage: string, summary: string, example: string, load: Load, parent?: Program) => Program

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
