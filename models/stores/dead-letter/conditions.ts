import type { WhereOptions } from 'sequelize'
import type { DeadLetterStatus } from '../../tables/executions.js'

export interface DeadLetterConditions {
  readonly status?: DeadLetterStatus | undefined
  readonly executionId?: string | undefined
  readonly operatorId?: string | undefined
  readonly errorCode?: string | undefined
}

export function conditionsOf({ status, executionId, operatorId, errorCode }: DeadLetterConditions): WhereOptions[] {
  return [
    ...(status === undefined ? [] : [{ deadLetterStatus: status }]),
    ...(executionId === undefined ? [] : [{ executionId }]),
    ...(operatorId === undefined ? [] : [{ operatorId }]),
    ...(errorCode === undefined ? [] : [{ errorCode }]),
  ]
}
