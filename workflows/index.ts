/** The bundle's entry: every workflow type by name. */
export { alertEvaluation } from './alert-evaluation.js'
export { jobExecution } from './job-execution.js'
export { maintenance } from './maintenance.js'
