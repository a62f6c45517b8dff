/** Every table of the catalogue, by what a backup makes of it. A new table has to be put in its place here. */
interface BackedUp {
  /** Absent: all of its rows. */
  readonly where?: string
}

/** What people have made, and what executions go on from. */
export const KEPT_TABLES: Readonly<Record<string, BackedUp>> = {
  etl_job: {},
  etl_job_version: {},
  etl_job_schedule: {},
  etl_backfill: {},
  etl_stream_graph: {},
  etl_job_graph: {},
  etl_graph_node: {},
  etl_graph_edge: {},
  etl_connector: {},
  etl_connector_config: {},
  etl_secret: {},
  etl_system_config: {},
  etl_alert_rule: {},
  etl_alert_silence: {},
  etl_user: {},
  etl_api_token: { where: "token_type = 'API'" },
  etl_lineage: {},
  etl_job_execution: {},
  // Those that hold state, that are pending, and the newest: what it counts by must not be lost (I1).
  etl_checkpoint: {
    where: `state_discarded = 0 OR checkpoint_status <> 'COMPLETED' OR epoch =
      (SELECT MAX(n.epoch) FROM etl_checkpoint n WHERE n.lineage_id = etl_checkpoint.lineage_id AND n.checkpoint_status = 'COMPLETED')`,
  },
  etl_operator_state: {},
  etl_trigger_event: {},
  etl_dead_letter: {},
}

/** Only where it is asked for; of checkpoints, all. */
export const HISTORY_TABLES: Readonly<Record<string, BackedUp>> = {
  etl_checkpoint: {},
  etl_execution_event: {},
  etl_schedule_decision: {},
  etl_job_metrics: {},
  etl_operator_metrics: {},
  etl_alert_history: {},
  etl_alert_notification: {},
  etl_operation_log: {},
  etl_audit_chain: {},
  etl_maintenance_run: {},
}

/** Of this hour only, or of this database. */
export const PASSING_TABLES: readonly string[] = [
  'etl_idempotency_key',
  'etl_worker',
  'etl_schedule_trouble',
  'etl_schema_migration',
]

export function backedUp(history: boolean): Readonly<Record<string, BackedUp>> {
  return history ? { ...KEPT_TABLES, ...HISTORY_TABLES } : KEPT_TABLES
}
