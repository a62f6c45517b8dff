/** Where an execution is in its life. A status without successors is terminal. */
export const SUCCESSORS = {
  CREATED: ['WAITING', 'RUNNING', 'CANCELLED', 'FAILED'],
  WAITING: ['RUNNING', 'CANCELLED', 'FAILED'],
  RUNNING: ['PAUSED', 'RESTARTING', 'COMPLETED', 'FAILED', 'CANCELLED'],
  PAUSED: ['RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'],
  RESTARTING: ['RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED'],
  COMPLETED: [],
  FAILED: [],
  CANCELLED: [],
} as const satisfies Record<string, readonly string[]>

export type ExecutionStatus = keyof typeof SUCCESSORS
export type TerminalStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED'

/** Admitted, and not ended: these count against `maxConcurrentRuns`. */
export const LIVE: readonly ExecutionStatus[] = ['RUNNING', 'PAUSED', 'RESTARTING']

/** Not ended, whether begun or not. */
export const UNFINISHED: readonly ExecutionStatus[] = ['CREATED', 'WAITING', ...LIVE]

export function isTerminal(status: ExecutionStatus): status is TerminalStatus {
  return SUCCESSORS[status].length === 0
}

export function mayBecome(from: ExecutionStatus, to: ExecutionStatus): boolean {
  return (SUCCESSORS[from] as readonly string[]).includes(to)
}
