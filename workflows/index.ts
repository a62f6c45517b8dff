/** The bundle's entry: every workflow type by name. */
export { jobExecution } from './job-execution.js'
export { maintenance } from './maintenance.js'
