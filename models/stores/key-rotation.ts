/** After ETL_SECRET_KEY got a new first key: everything encrypted is written again under it, and the older keys may go. */
import type { Transaction } from 'sequelize'
import { isJobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { type Cipher, createCipher } from '../encryption.js'
import { renewConfig } from '../sealed-config.js'
import { RULES } from './alert-rule-store.js'
import { placeOfSetting } from './config/setting-place.js'
import { renewJob } from './job/renew-job.js'
import { placeOf } from './secret-store.js'

export interface RotatedKeys {
  /** The key that everything readable is encrypted with now. */
  readonly keyId: string
  /** How many were written again. */
  readonly connections: number
  readonly secrets: number
  readonly jobs: number
  readonly settings: number
  readonly alertRules: number
  /** No key that was given reads these; nothing of them has changed. */
  readonly unreadable: readonly { readonly kind: Kind; readonly name: string }[]
}

type Kind = 'CONNECTION' | 'SECRET' | 'JOB' | 'SETTING' | 'ALERT_RULE'

export type RotateKeys = () => Promise<RotatedKeys>

/** Each row by itself, locked: it may run beside everything else, be ended at any point, and be run again. */
export function keyRotation(database: Database, secretKey: string): RotateKeys {
  const cipher = createCipher(secretKey)
  return async () => {
    const unreadable: { kind: Kind; name: string }[] = []
    const renewAll = async (kind: Kind, rows: readonly Row[], renew: Renew) => {
      let renewed = 0
      for (const { id, name } of rows) {
        try {
          if (await database.transaction((transaction) => renew(database, transaction, id, cipher))) renewed += 1
        } catch (error) {
          if (!isJobError(error) || error.code !== 'environment.invalid') throw error
          unreadable.push({ kind, name })
        }
      }
      return renewed
    }
    const rows = (sql: string) => database.query<Row>(sql)
    const connections = await rows('SELECT config_id AS id, config_name AS name FROM etl_connector_config ORDER BY id')
    const secrets = await rows('SELECT secret_name AS id, secret_name AS name FROM etl_secret ORDER BY id')
    const jobs = await rows('SELECT job_id AS id, job_name AS name FROM etl_job ORDER BY id')
    const settings = await rows(
      "SELECT config_key AS id, config_key AS name FROM etl_system_config WHERE is_encrypted = 1 AND config_value <> '' ORDER BY id",
    )
    const rules = await rows('SELECT rule_id AS id, rule_name AS name FROM etl_alert_rule ORDER BY id')
    return {
      keyId: cipher.keyId,
      connections: await renewAll('CONNECTION', connections, renewConnection),
      secrets: await renewAll('SECRET', secrets, renewSecret),
      jobs: await renewAll('JOB', jobs, renewJob),
      settings: await renewAll('SETTING', settings, renewSetting),
      alertRules: await renewAll('ALERT_RULE', rules, renewRule),
      unreadable,
    }
  }
}

interface Row {
  readonly id: string
  readonly name: string
}

/** False: it was so already, or is gone. */
type Renew = (database: Database, transaction: Transaction, id: string, cipher: Cipher) => Promise<boolean>

/** Its `version` stays: it says what it said. */
const renewConnection: Renew = async ({ tables }, transaction, configId, cipher) => {
  const lock = transaction.LOCK.UPDATE
  const row = (await tables.connectorConfig.findOne({ where: { configId }, transaction, lock }))?.get()
  if (row === undefined) return false
  const connectionConfig = renewConfig(configId, row.connectionConfig, cipher)
  if (JSON.stringify(connectionConfig) === JSON.stringify(row.connectionConfig)) return false
  await tables.connectorConfig.update({ connectionConfig }, { where: { configId }, transaction })
  return true
}

const renewSecret: Renew = async ({ tables }, transaction, secretName, cipher) => {
  const lock = transaction.LOCK.UPDATE
  const row = (await tables.secret.findOne({ where: { secretName }, transaction, lock }))?.get()
  if (row === undefined) return false
  const secretValue = cipher.renew(row.secretValue, placeOf(secretName))
  if (secretValue === row.secretValue) return false
  await tables.secret.update({ secretValue, keyId: cipher.keyId }, { where: { secretName }, transaction })
  return true
}

const renewSetting: Renew = async ({ tables }, transaction, configKey, cipher) => {
  const lock = transaction.LOCK.UPDATE
  const row = (await tables.systemConfig.findOne({ where: { configKey }, transaction, lock }))?.get()
  if (row === undefined || !row.isEncrypted || (row.configValue ?? '') === '') return false
  const configValue = cipher.renew(row.configValue ?? '', placeOfSetting(configKey))
  if (configValue === row.configValue) return false
  await tables.systemConfig.update({ configValue }, { where: { configKey }, transaction })
  return true
}

const renewRule: Renew = async ({ tables }, transaction, ruleId, cipher) => {
  const lock = transaction.LOCK.UPDATE
  const row = (await tables.alertRule.findOne({ where: { ruleId }, transaction, lock }))?.get()
  if (row === undefined) return false
  const sealed = row.notificationConfig ?? {}
  const notificationConfig = renewConfig(ruleId, sealed, cipher, RULES)
  if (JSON.stringify(notificationConfig) === JSON.stringify(sealed)) return false
  await tables.alertRule.update({ notificationConfig }, { where: { ruleId }, transaction })
  return true
}
