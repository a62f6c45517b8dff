/** Every setting that a new catalogue begins with means something. */
import { describe, expect, test } from '@jest/globals'
import { nextBudget } from '../../core/execution/budget.js'
import { defaultLimits } from '../../core/execution/limits.js'
import { openDatabase } from '../../models/database.js'
import { KNOWN_SETTINGS } from '../../models/schema/known-settings.js'
import { INITIAL_SETTINGS } from '../../models/schema/settings.js'
import { configStore } from '../../models/stores/config-store.js'
import { keyRotation } from '../../models/stores/key-rotation.js'
import { backupPlan } from '../../models/stores/maintenance/backup-plan.js'
import { withHouseConnection } from '../../models/stores/maintenance/house-connection.js'
import { housePolicy } from '../../models/stores/maintenance/policy.js'
import { systemLimits } from '../../models/stores/system-limits.js'
import { withApi } from '../support/api.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'

const byApi = ['security.login_attempts', 'security.lock_minutes', 'security.session_hours']

describe('system settings', () => {
  test('of a new catalogue are the defaults, and each that is changed changes what executions heed', async () => {
    await withMigratedDatabase(async (url) => {
      const database = await openDatabase(url)
      try {
        const read = () => systemLimits(database)()
        expect(await read()).toEqual(defaultLimits)
        for (const { key } of INITIAL_SETTINGS.filter((setting) => !byApi.includes(setting.key))) {
          const before = await read()
          await onServer(url, `UPDATE etl_system_config SET config_value = '4321' WHERE config_key = '${key}'`)
          expect({ key, limits: await read() }).not.toEqual({ key, limits: before })
        }
        expect(nextBudget(null, 1000, (await read()).budget)).toEqual({ records: 4321, bytes: 4321 })
      } finally {
        await database.close()
      }
    })
  })

  test('that are no sensible number are held to the least that is', async () => {
    await withMigratedDatabase(async (url) => {
      const database = await openDatabase(url)
      try {
        await onServer(url, "UPDATE etl_system_config SET config_value = '-5' WHERE config_key LIKE 'e%.%'")
        await onServer(url, "UPDATE etl_system_config SET config_value = NULL WHERE config_key = 'checkpoint.retained'")
        const { budget, retainedCheckpoints } = await systemLimits(database)()
        expect(budget.most.records).toBe(1)
        expect(retainedCheckpoints).toBe(defaultLimits.retainedCheckpoints)
      } finally {
        await database.close()
      }
    })
  })

  test('of the house are all read, and held to their ranges', async () => {
    await withMigratedDatabase(async (url) => {
      const policy = () => withHouseConnection(url, housePolicy)
      const before = await policy()
      const numbers = KNOWN_SETTINGS.filter(
        ({ group, type }) => ['maintenance', 'retention', 'watch'].includes(group) && type === 'INT',
      )
      for (const { key, most } of numbers) {
        const was = await policy()
        await onServer(url, `UPDATE etl_system_config SET config_value = '77' WHERE config_key = '${key}'`)
        const is = await policy()
        expect({ key, is }).not.toEqual({ key, is: was })
        await onServer(url, `UPDATE etl_system_config SET config_value = '-1' WHERE config_key = '${key}'`)
        expect(
          Math.min(...Object.values(await policy()).filter((value) => typeof value === 'number')),
        ).toBeGreaterThanOrEqual(0)
        expect(most).toBeDefined()
        await onServer(url, `UPDATE etl_system_config SET config_value = default_value WHERE config_key = '${key}'`)
      }
      expect(await policy()).toEqual(before)
    })
  })

  test('have defaults that they would take themselves, and refuse with a reason what is beyond', async () => {
    await withApi({}, async ({ call, deps }) => {
      for (const { key, value, version } of await deps.configs.list())
        if (value !== null)
          expect((await call('put', `/system-configs/${key}`).send({ value, version })).status).toBe(200)
      const wrong = [
        ['retention.metrics_days', 0, 'The setting retention.metrics_days is at least 1; "0" is less.'],
        ['retention.batch_rows', 10_001, 'The setting retention.batch_rows is at most 10000; "10001" is more.'],
        ['retention.archive', 'TAPE', 'The setting retention.archive is one of NONE, TABLE, PARQUET; "TAPE" is not.'],
        ['maintenance.enabled', 'yes', 'The setting maintenance.enabled is true or false; "yes" is not.'],
        ['maintenance.time', '25:00', 'The setting maintenance.time does not take "25:00": When, as HH:MM in UTC.'],
        ['retention.metrics_days', 1.5, 'The setting retention.metrics_days is a whole number; "1.5" is not.'],
      ] as const
      for (const [key, value, detail] of wrong) {
        const answer = await call('put', `/system-configs/${key}`).send({ value, version: 2 })
        expect(answer.body).toMatchObject({ code: 'config.invalid', detail })
      }
    })
  })

  test('that are encrypted are never shown, not in the audit either, and are read by whoever needs them', async () => {
    await withApi({}, async ({ call, url, secretKey, database }) => {
      const key = 'ab'.repeat(32)
      const saved = await call('put', '/system-configs/backup.key').send({ value: key, version: 1 })
      expect(saved.body).toMatchObject({ value: null, encrypted: true, isSet: true })
      const shown = [
        await call('get', '/system-configs/backup.key'),
        await call('get', '/system-configs'),
        await call('get', '/operation-logs'),
      ].map(({ text }) => text)
      expect(shown.join()).toContain('UPDATE_CONFIG')
      expect(shown.join()).not.toContain(key)
      expect(JSON.stringify(await onServer(url, 'SELECT config_value FROM etl_system_config'))).not.toContain(key)
      const keys = async (by: string) => (await withHouseConnection(url, (house) => backupPlan(house, by))).keys
      expect(await keys(secretKey)).toBe(key)
      const newer = Buffer.alloc(32, 9).toString('base64')
      expect(await keyRotation(database, `${newer},${secretKey}`)()).toMatchObject({ settings: 1, unreadable: [] })
      expect(await keys(newer)).toBe(key)
    })
  })

  test('that are read-only are not changed', async () => {
    await withMigratedDatabase(async (url) => {
      await onServer(url, "UPDATE etl_system_config SET is_readonly = 1 WHERE config_key = 'metrics.interval_ms'")
      const database = await openDatabase(url)
      try {
        await expect(configStore(database).update('metrics.interval_ms', '5000', 1, 'me')).rejects.toMatchObject({
          code: 'conflict',
        })
      } finally {
        await database.close()
      }
    })
  })
})
