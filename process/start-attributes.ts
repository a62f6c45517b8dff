/** What the workflow of an execution can be searched by from its start. */
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'

const JOB_ID = defineSearchAttributeKey('EtlJobId', 'KEYWORD')
const STATUS = defineSearchAttributeKey('EtlStatus', 'KEYWORD')
const TRIGGER = defineSearchAttributeKey('EtlTrigger', 'KEYWORD')

/** `trigger`: MANUAL, CRON, … */
export function startAttributes(jobId: string, trigger: string): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: JOB_ID, value: jobId },
    { key: TRIGGER, value: trigger },
    // True within milliseconds; one that has to wait says so itself.
    { key: STATUS, value: 'RUNNING' },
  ])
}
