/** Every table of the catalogue as a Sequelize model. */
import type { Sequelize } from 'sequelize'
import { defineTable } from './columns.js'
import {
  alertHistoryColumns,
  alertNotificationColumns,
  alertRuleColumns,
  alertSilenceColumns,
} from './tables/alerts.js'
import { checkpointColumns, operatorStateColumns } from './tables/checkpoints.js'
import { connectorColumns, connectorConfigColumns, secretColumns } from './tables/connectors.js'
import { deadLetterColumns, executionEventColumns, jobExecutionColumns, lineageColumns } from './tables/executions.js'
import { graphEdgeColumns, graphNodeColumns, jobGraphColumns, streamGraphColumns } from './tables/graphs.js'
import { jobColumns, jobScheduleColumns, jobVersionColumns } from './tables/jobs.js'
import { jobMetricsColumns, operatorMetricsColumns } from './tables/metrics.js'
import { backfillColumns, scheduleDecisionColumns, scheduleTroubleColumns } from './tables/schedules.js'
import {
  idempotencyKeyColumns,
  maintenanceRunColumns,
  systemConfigColumns,
  triggerEventColumns,
  workerColumns,
} from './tables/system.js'
import { apiTokenColumns, operationLogColumns, userColumns } from './tables/users.js'

export type Tables = ReturnType<typeof defineTables>

export function defineTables(sequelize: Sequelize) {
  return {
    job: defineTable(sequelize, 'etl_job', jobColumns),
    jobVersion: defineTable(sequelize, 'etl_job_version', jobVersionColumns),
    jobSchedule: defineTable(sequelize, 'etl_job_schedule', jobScheduleColumns),
    scheduleDecision: defineTable(sequelize, 'etl_schedule_decision', scheduleDecisionColumns),
    scheduleTrouble: defineTable(sequelize, 'etl_schedule_trouble', scheduleTroubleColumns),
    backfill: defineTable(sequelize, 'etl_backfill', backfillColumns),
    jobExecution: defineTable(sequelize, 'etl_job_execution', jobExecutionColumns),
    lineage: defineTable(sequelize, 'etl_lineage', lineageColumns),
    executionEvent: defineTable(sequelize, 'etl_execution_event', executionEventColumns),
    deadLetter: defineTable(sequelize, 'etl_dead_letter', deadLetterColumns),
    streamGraph: defineTable(sequelize, 'etl_stream_graph', streamGraphColumns),
    jobGraph: defineTable(sequelize, 'etl_job_graph', jobGraphColumns),
    graphNode: defineTable(sequelize, 'etl_graph_node', graphNodeColumns),
    graphEdge: defineTable(sequelize, 'etl_graph_edge', graphEdgeColumns),
    checkpoint: defineTable(sequelize, 'etl_checkpoint', checkpointColumns),
    operatorState: defineTable(sequelize, 'etl_operator_state', operatorStateColumns),
    jobMetrics: defineTable(sequelize, 'etl_job_metrics', jobMetricsColumns),
    operatorMetrics: defineTable(sequelize, 'etl_operator_metrics', operatorMetricsColumns),
    connector: defineTable(sequelize, 'etl_connector', connectorColumns),
    connectorConfig: defineTable(sequelize, 'etl_connector_config', connectorConfigColumns),
    secret: defineTable(sequelize, 'etl_secret', secretColumns),
    systemConfig: defineTable(sequelize, 'etl_system_config', systemConfigColumns),
    worker: defineTable(sequelize, 'etl_worker', workerColumns),
    triggerEvent: defineTable(sequelize, 'etl_trigger_event', triggerEventColumns),
    idempotencyKey: defineTable(sequelize, 'etl_idempotency_key', idempotencyKeyColumns),
    maintenanceRun: defineTable(sequelize, 'etl_maintenance_run', maintenanceRunColumns),
    alertRule: defineTable(sequelize, 'etl_alert_rule', alertRuleColumns),
    alertHistory: defineTable(sequelize, 'etl_alert_history', alertHistoryColumns),
    alertNotification: defineTable(sequelize, 'etl_alert_notification', alertNotificationColumns),
    alertSilence: defineTable(sequelize, 'etl_alert_silence', alertSilenceColumns),
    user: defineTable(sequelize, 'etl_user', userColumns),
    apiToken: defineTable(sequelize, 'etl_api_token', apiTokenColumns),
    operationLog: defineTable(sequelize, 'etl_operation_log', operationLogColumns),
  }
}
