/** What state handles of one node and subtask are called; sorted by name they are loaded in the right order. */

/** What a build side keeps of a port: one more for each sender and epoch, and none is ever replaced. */
export const buildState = (port: string): string => `build:${port}`

export const isBuildState = (name: string): boolean => name.startsWith('build:')

/** The port of the build side that a handle is a part of; null: it is none. */
export const buildPort = (name: string): string | null => /^build:(.*):[^:]*$/.exec(name)?.[1] ?? null

/** What epoch `epoch` added to the state `name`. */
export const additionTo = (name: string, epoch: number): string => `${name}:${String(epoch).padStart(9, '0')}`

export const isPartOf = (handle: string, name: string): boolean =>
  handle === name || (handle.startsWith(`${name}:`) && /^\d{9,}$/.test(handle.slice(name.length + 1)))

/** A value: how far event time has come at the node. */
export const watermarkState = 'watermark'
