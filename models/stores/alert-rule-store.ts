/** Alert rules: secrets of their channels are encrypted at rest, shown masked, and opened only where they are used. */
import { isDeepStrictEqual } from 'node:util'
import { Op } from 'sequelize'
import type { Channel } from '../../core/alert/channel.js'
import type { AlertLevel, ConditionOperator, GroupBy } from '../../core/alert/rule.js'
import { comparisonOf, type RuleType } from '../../core/alert/rule-types.js'
import { channelsByName } from '../../core/alert/schema.js'
import { jsonSchemaOf } from '../../core/config/schema.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { isDuplicate } from '../database-error.js'
import { type Cipher, createCipher } from '../encryption.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import { type Config, maskConfig, openConfig, restoreMasked, sealConfig } from '../sealed-config.js'
import type { AlertRuleRow } from '../tables/alerts.js'
import { endAlertsOf } from './alert/end-alerts.js'

export interface RuleDefinition {
  readonly name: string
  readonly description: string | null
  readonly type: RuleType
  readonly jobId: string | null
  readonly tag: string | null
  /** null: as usual for the type. */
  readonly operator: ConditionOperator | null
  readonly threshold: number | null
  readonly durationSeconds: number
  readonly level: AlertLevel
  readonly groupBy: GroupBy
  readonly windowSeconds: number
  readonly repeatSeconds: number
  readonly notifyResolved: boolean
  /** By name, in clear. */
  readonly channels: Readonly<Record<string, Channel>>
  readonly isEnabled: boolean
}

export interface RuleRecord extends RuleDefinition {
  readonly ruleId: string
  readonly job: string | null
  /** Secrets masked. */
  readonly channels: Readonly<Record<string, Channel>>
  readonly lastEvaluatedAt: string | null
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
}

export interface RuleFilter extends PageRequest {
  readonly name?: string | undefined
  readonly type?: RuleType | undefined
}

export const RULES = 'etl_alert_rule'

/** Which fields of a rule's channels, by name, are secret. */
const CHANNELS = jsonSchemaOf(channelsByName)

export type AlertRuleStore = ReturnType<typeof alertRuleStore>

export function alertRuleStore(database: Database, secretKey: string) {
  const { alertRule } = database.tables
  const cipher = createCipher(secretKey)
  const row = async (ruleId: string): Promise<AlertRuleRow> => {
    const found = await alertRule.findOne({ where: { ruleId } })
    if (found === null) throw new JobError('not.found', 'There is no such alert rule')
    return found.get()
  }
  const shown = async (rows: readonly AlertRuleRow[]) => {
    const names = await jobNames(
      database,
      rows.map(({ jobId }) => jobId),
    )
    return rows.map((one) => recordOf(one, names, cipher))
  }
  const find = async (ruleId: string): Promise<RuleRecord> => (await shown([await row(ruleId)]))[0]!
  const sealed = (ruleId: string, channels: Config) => sealConfig(ruleId, channels, CHANNELS, cipher, RULES)
  return {
    find,
    /** In clear: for whoever tells people. null: there is no such rule, or none of its channels is called so. */
    async channel(ruleId: string, name: string): Promise<Channel | null> {
      const found = (await alertRule.findOne({ where: { ruleId } }))?.get()
      if (found === undefined) return null
      return channelsOf(openConfig(ruleId, found.notificationConfig ?? {}, cipher, RULES))[name] ?? null
    },
    async list({ name, type, ...request }: RuleFilter): Promise<Page<RuleRecord>> {
      const { where: before, order, limit } = pageQuery(request)
      const wanted = {
        ...(name === undefined ? {} : { ruleName: name }),
        ...(type === undefined ? {} : { ruleType: type }),
      }
      const rows = (await alertRule.findAll({ where: { [Op.and]: [before, wanted] }, order, limit })).map((one) =>
        one.get(),
      )
      const records = new Map((await shown(rows)).map((record) => [record.ruleId, record]))
      return pageOf(rows, request, ({ ruleId }) => records.get(ruleId)!)
    },
    async create(ruleId: string, given: RuleDefinition, by: string): Promise<RuleRecord> {
      const channels = sealed(ruleId, restoreMasked(asConfig(given.channels), {}, CHANNELS))
      const made = { ruleId, ...columnsOf(given, channels), activeSince: new Date(), createdBy: by, updatedBy: by }
      await alertRule.create(made).catch((error) => refuseDuplicate(error, given.name))
      return await find(ruleId)
    },
    /** The channels with what is masked put back as stored. */
    async unmasked(ruleId: string, channels: RuleDefinition['channels']): Promise<RuleDefinition['channels']> {
      const stored = openConfig(ruleId, (await row(ruleId)).notificationConfig ?? {}, cipher, RULES)
      return channelsOf(restoreMasked(asConfig(channels), stored, CHANNELS))
    },
    /** The same again changes nothing. What a disabled rule has raised is over. */
    async update(ruleId: string, given: RuleDefinition, version: number | null, by: string): Promise<RuleRecord> {
      const known = await row(ruleId)
      if (version !== null && version !== known.version) throw stale(known.version)
      if (isSame(known, given, cipher)) return await find(ruleId)
      const begins = given.isEnabled && !known.isEnabled ? { activeSince: new Date() } : {}
      const watchesElse = known.ruleType !== given.type || known.jobId !== given.jobId || known.jobTag !== given.tag
      const change = database.transaction(async (transaction) => {
        const [changed] = await alertRule.update(
          {
            ...columnsOf(given, sealed(ruleId, asConfig(given.channels))),
            ...begins,
            pendingSubjects: null,
            updatedBy: by,
            version: known.version + 1,
          },
          { where: { ruleId, version: known.version }, transaction },
        )
        if (changed === 0) throw stale(known.version + 1)
        if (!given.isEnabled || watchesElse) await endAlertsOf(database, transaction, ruleId, by)
      })
      await change.catch((error) => refuseDuplicate(error, given.name))
      return await find(ruleId)
    },
    /** Its alerts stay in the history, and are over. */
    async remove(ruleId: string, version: number | null, by: string): Promise<void> {
      const known = await row(ruleId)
      if (version !== null && version !== known.version) throw stale(known.version)
      await database.transaction(async (transaction) => {
        await alertRule.destroy({ where: { ruleId }, transaction })
        await endAlertsOf(database, transaction, ruleId, by)
      })
    },
  }
}

function stale(version: number): JobError {
  return new JobError('conflict', `The alert rule was changed in the meantime; its version is ${version}`)
}

function refuseDuplicate(error: unknown, name: string): never {
  if (!isDuplicate(error)) throw error
  throw new JobError('conflict', `There is an alert rule ${name} already`, { pointer: '/name', cause: error })
}

async function jobNames(database: Database, ids: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
  const known = ids.filter((id) => id !== null)
  if (known.length === 0) return new Map()
  const rows = await database.tables.job.findAll({ where: { jobId: known }, attributes: ['jobId', 'jobName'] })
  return new Map(rows.map((one) => [one.get().jobId, one.get().jobName]))
}

const asConfig = (channels: RuleDefinition['channels']) => channels as unknown as Config
const channelsOf = (config: Config) => config as unknown as RuleDefinition['channels']

function columnsOf(given: RuleDefinition, sealed: Config): Partial<AlertRuleRow> {
  return {
    ruleName: given.name,
    description: given.description,
    ruleType: given.type,
    jobId: given.jobId,
    jobTag: given.tag,
    conditionOperator: given.operator,
    thresholdValue: given.threshold,
    windowSeconds: given.durationSeconds,
    alertLevel: given.level,
    groupBy: given.groupBy,
    convergeSeconds: given.windowSeconds,
    cooldownSeconds: given.repeatSeconds,
    tellsResolved: given.notifyResolved,
    notificationChannels: [...new Set(Object.values(given.channels).map(({ type }) => type))],
    notificationConfig: sealed,
    isEnabled: given.isEnabled,
  }
}

function definitionOf(row: AlertRuleRow, channels: Config): RuleDefinition {
  return {
    name: row.ruleName,
    description: row.description,
    type: row.ruleType,
    jobId: row.jobId,
    tag: row.jobTag,
    operator: row.conditionOperator,
    threshold: row.thresholdValue,
    durationSeconds: row.windowSeconds,
    level: row.alertLevel,
    groupBy: row.groupBy,
    windowSeconds: row.convergeSeconds,
    repeatSeconds: row.cooldownSeconds ?? 0,
    notifyResolved: row.tellsResolved,
    channels: channelsOf(channels),
    isEnabled: row.isEnabled,
  }
}

/** What a rule leaves out is as usual for its type: said or not, it is the same. */
function isSame(row: AlertRuleRow, given: RuleDefinition, cipher: Cipher): boolean {
  const stored = definitionOf(row, openConfig(row.ruleId, row.notificationConfig ?? {}, cipher, RULES))
  return isDeepStrictEqual(asJson(whole(stored)), asJson(whole(given)))
}

function whole(rule: RuleDefinition): RuleDefinition {
  return { ...rule, ...comparisonOf(rule.type, rule.operator, rule.threshold) }
}

/** Neither the order of fields nor one that is undefined makes a difference. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function recordOf(row: AlertRuleRow, names: ReadonlyMap<string, string>, cipher: Cipher): RuleRecord {
  return {
    ruleId: row.ruleId,
    ...definitionOf(row, maskConfig(row.ruleId, row.notificationConfig ?? {}, cipher, RULES)),
    job: row.jobId === null ? null : (names.get(row.jobId) ?? null),
    lastEvaluatedAt: row.lastEvaluatedTime?.toISOString() ?? null,
    version: row.version,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
