/** The activities as workflows see them: plain JSON in and out, under 64 KiB (I6). Task queues and names are SURFACES section 6. */
import type { ChainReceipt, ChainTask } from '../core/execution/chain-task.js'
import type { EpochDone, Failure, Outcome, Owner, Prepared, RestartDecision } from '../core/execution/effects.js'
import type { Next } from '../core/execution/plan.js'
import type { TerminalStatus } from '../core/execution/status.js'

export interface Activities {
  prepareExecution(executionId: string): Promise<Prepared | 'waiting'>
  planEpoch(owner: Owner): Promise<Next>
  runOperatorChain(task: ChainTask): Promise<ChainReceipt>
  triggerCheckpoint(done: EpochDone): Promise<Next>
  awaitInput(owner: Owner): Promise<void>
  takeSavepoint(owner: Owner): Promise<string | null>
  setExecutionStatus(owner: Owner, status: 'PAUSED' | 'RUNNING'): Promise<void>
  evaluateRestartStrategy(owner: Owner | null, executionId: string, failure: Failure): Promise<RestartDecision>
  finishExecution(owner: Owner | null, executionId: string, outcome: Outcome): Promise<TerminalStatus>
}
