/** Alerts on a catalogue of their own, with a mail server and a receiver of webhooks that are real. */
import { randomBytes, randomUUID } from 'node:crypto'
import { openDelivery } from '../../activities/alert/deliver-alerts.js'
import type { AlertDeps } from '../../activities/alert/deps.js'
import { evaluateAlerts } from '../../activities/alert/evaluate-alerts.js'
import type { Channel } from '../../core/alert/channel.js'
import { type Database, openDatabase } from '../../models/database.js'
import { type AlertRuleStore, alertRuleStore, type RuleDefinition } from '../../models/stores/alert-rule-store.js'
import { alertSilenceStore } from '../../models/stores/alert-silence-store.js'
import { type AlertRecord, alertStore } from '../../models/stores/alert-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { alertDeps } from '../../worker/alert-deps.js'
import { type HttpServer, startHttpServer } from './http-server.js'
import { onServer, withMigratedDatabase } from './lend.js'
import { jobSecrets, sampleJob } from './sample-job.js'
import { type MailServer, startMailServer } from './smtp-server.js'

export interface Alerting {
  readonly url: string
  readonly secretKey: string
  readonly database: Database
  readonly deps: AlertDeps
  readonly rules: AlertRuleStore
  readonly silences: ReturnType<typeof alertSilenceStore>
  readonly mail: MailServer
  readonly hook: HttpServer
  readonly warned: string[]
  /** Both. */
  readonly channels: Readonly<Record<string, Channel>>
  sql(text: string): Promise<unknown>
  job(
    name: string,
    more?: { readonly type?: 'BATCH' | 'STREAMING'; readonly tags?: readonly string[] },
  ): Promise<string>
  rule(change: Partial<RuleDefinition> & Pick<RuleDefinition, 'type'>): Promise<string>
  /** As each minute does, `laterMs` from now on the clock of the rules. */
  minute(laterMs?: number): Promise<void>
  /** As `minute`, without waiting for a receiver. */
  begin(laterMs?: number): Promise<void>
  alerts(ruleId?: string): Promise<readonly AlertRecord[]>
}

export async function withAlerting(run: (alerting: Alerting) => Promise<void>): Promise<void> {
  const mail = await startMailServer()
  const hook = await startHttpServer(() => ({ ok: true }))
  try {
    await withMigratedDatabase(async (url) => {
      const database = await openDatabase(url)
      try {
        await run(await lend(url, database, mail, hook))
      } finally {
        await database.close()
      }
    })
  } finally {
    await Promise.all([mail.close(), hook.close()])
  }
}

async function lend(url: string, database: Database, mail: MailServer, hook: HttpServer): Promise<Alerting> {
  const secretKey = randomBytes(32).toString('base64')
  const warned: string[] = []
  let later = 0
  const now = () => Date.now() + later
  const files = { fileRoots: [], base: '/', privateHosts: ['127.0.0.1', 'localhost'] }
  const secret = async (name: string) => `${name}-in-clear`
  const log = { warn: (details: object, message: string) => void warned.push(`${message} ${JSON.stringify(details)}`) }
  const deps = { ...alertDeps(database, { files, secret }, secretKey, log), now }
  const delivery = openDelivery(deps)
  const begin = async (laterMs = 0) => {
    later = laterMs
    await evaluateAlerts(deps, 'ALL')
    await delivery.pass()
  }
  const rules = alertRuleStore(database, secretKey)
  const alerts = alertStore(database)
  const channels: Readonly<Record<string, Channel>> = {
    mail: {
      type: 'EMAIL',
      to: ['ops@example.com'],
      from: 'etl@example.com',
      host: 'localhost',
      port: mail.port,
      user: 'etl',
      password: 'mail-password-7',
      ca: mail.ca,
    },
    hook: { type: 'WEBHOOK', url: `${hook.url}/alerts?key=hook-key-7`, secret: 'signing-secret-7' },
  }
  return {
    url,
    secretKey,
    database,
    deps,
    rules,
    silences: alertSilenceStore(database),
    mail,
    hook,
    warned,
    channels,
    sql: (text) => onServer(url, text),
    async job(name, { type = 'BATCH', tags = [] } = {}) {
      const sample = sampleJob({ name, type, tags: [...tags] })
      return (await jobStore(database, jobSecrets).save(sample)).jobId
    },
    async rule(change) {
      const ruleId = randomUUID()
      await rules.create(
        ruleId,
        { ...RULE, name: `${change.type} ${ruleId.slice(0, 8)}`, channels, ...change },
        'admin',
      )
      return ruleId
    },
    begin,
    async minute(laterMs) {
      await begin(laterMs)
      await delivery.idle()
    },
    alerts: async (ruleId) => [...(await alerts.list({ ruleId, limit: 500, order: 'OLDEST' })).items],
  }
}

const RULE: Omit<RuleDefinition, 'name' | 'type' | 'channels'> = {
  description: null,
  jobId: null,
  tag: null,
  operator: null,
  threshold: null,
  durationSeconds: 0,
  level: 'ERROR',
  groupBy: 'RULE',
  windowSeconds: 0,
  repeatSeconds: 0,
  notifyResolved: true,
  isEnabled: true,
}

let numbers = 0

/** Rows as executions leave them. Times are seconds from now. */
export const rows = {
  execution: (
    jobId: string,
    executionId: string,
    status: string,
    endSeconds: number | null,
    message = 'it broke',
    startSeconds = -60,
  ) =>
    `INSERT INTO etl_job_execution (execution_id, job_id, job_name, job_version, lineage_id, execution_status, logical_time, parameters, start_time, end_time, error_message)
     VALUES ('${executionId}', '${jobId}', 'name', 1, '${executionId}', '${status}', ${at(0)}, '{}', ${at(startSeconds)}, ${endSeconds === null ? 'NULL' : at(endSeconds)}, '${message}')`,
  event: (jobId: string, executionId: string, type: string, seconds: number, message: string) =>
    `INSERT INTO etl_execution_event (event_id, execution_id, job_id, event_type, event_level, event_time, message)
     VALUES (UUID(), '${executionId}', '${jobId}', '${type}', 'ERROR', ${at(seconds)}, '${message}')`,
  checkpoint: (
    jobId: string,
    executionId: string,
    epoch: number,
    status: string,
    beganSeconds: number,
    durationMs: number | null,
  ) =>
    `INSERT INTO etl_checkpoint (checkpoint_id, job_id, execution_id, lineage_id, epoch, phase, job_version, generation, attempt, plan, trigger_time, complete_time, duration_ms, checkpoint_status, checkpoint_type)
     VALUES (UUID(), '${jobId}', '${executionId}', '${executionId}', ${epoch}, 1, 1, 1, 1, '{}', ${at(beganSeconds)}, ${durationMs === null ? 'NULL' : at(beganSeconds + durationMs / 1000)}, ${durationMs ?? 'NULL'}, '${status}', 'PERIODIC')`,
  metrics: (jobId: string, executionId: string, seconds: number, backpressureMs: number, rate: number) =>
    `INSERT INTO etl_job_metrics (job_id, execution_id, metric_time, epoch, records_read_rate, backpressure_time_ms, checkpoint_duration_ms)
     VALUES ('${jobId}', '${executionId}', ${at(seconds)}, ${++numbers}, ${rate}, ${backpressureMs}, 1000)`,
  deadLetter: (jobId: string, letterId: string) =>
    `INSERT INTO etl_dead_letter (dead_letter_id, job_id, job_version, execution_id, lineage_id, epoch, operator_id, original_record, error_code, error_message)
     VALUES ('${letterId}', '${jobId}', 1, 'e', 'e', 1, 'in', 'x', 'record.bad', 'bad')`,
  worker: (workerId: string, host: string, heardSeconds: number, startedSeconds = -3600) =>
    `INSERT INTO etl_worker (worker_id, host_name, process_id, worker_status, slots, start_time, heartbeat_time)
     VALUES ('${workerId}', '${host}', 1, 'RUNNING', 1, ${at(startedSeconds)}, ${at(heardSeconds)})`,
}

export function at(seconds: number): string {
  return `'${new Date(Date.now() + seconds * 1000).toISOString().replace('T', ' ').replace('Z', '')}'`
}
