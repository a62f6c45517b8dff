/** The journal of the service: plans, positions, state and progress in MySQL, which is right about them. */
import type { Journal } from '../../core/execution/journal.js'
import type { Database } from '../database.js'
import { admit } from './journal/admission.js'
import { completeCheckpoint } from './journal/commit.js'
import { raiseAttempt, settlePlan } from './journal/drop-plan.js'
import { addEvents } from './journal/events.js'
import { finish, setStatus } from './journal/finish.js'
import { rememberJobVersions } from './journal/job-versions.js'
import { findExecution } from './journal/ownership.js'
import { storePlan } from './journal/plans.js'
import { progressMirror } from './journal/progress.js'
import { storeRestart } from './journal/restart.js'
import { retainCheckpoints } from './journal/retain.js'
import { takeSavepoint } from './journal/savepoint.js'
import { findStanding } from './journal/standing.js'
import { thinOutRows } from './journal/thin-out.js'

export function mysqlJournal(db: Database): Journal {
  const versions = rememberJobVersions(db)
  return {
    admit: (executionId, workflow) => admit(db, versions, executionId, workflow),
    standing: (executionId) => findStanding(db, versions, executionId),
    storePlan: (owner, plan) => storePlan(db, owner, plan),
    raiseAttempt: (owner) => raiseAttempt(db, owner),
    settlePlan: (owner, epoch, isShown) => settlePlan(db, owner, epoch, isShown),
    completeCheckpoint: (owner, commit) => completeCheckpoint(db, versions, owner, commit),
    progress: progressMirror(db, versions),
    storeRestart: (owner, failure, evaluation) => storeRestart(db, owner, failure, evaluation),
    event: async (executionId, event) => {
      await addEvents(db, await findExecution(db, executionId), [event])
    },
    retain: (executionId, retained) => retainCheckpoints(db, executionId, retained),
    thinOut: (executionId, nowMs) => thinOutRows(db, executionId, nowMs),
    setStatus: (owner, status, by) => setStatus(db, owner, status, by),
    takeSavepoint: (owner, by) => takeSavepoint(db, owner, by),
    finish: (owner, outcome, retained) => finish(db, owner, outcome, retained),
  }
}
