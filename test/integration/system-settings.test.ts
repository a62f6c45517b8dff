/** Every setting that a new catalogue begins with means something. */
import { describe, expect, test } from '@jest/globals'
import { nextBudget } from '../../core/execution/budget.js'
import { defaultLimits } from '../../core/execution/limits.js'
import { openDatabase } from '../../models/database.js'
import { INITIAL_SETTINGS } from '../../models/schema/settings.js'
import { systemLimits } from '../../models/stores/system-limits.js'
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
})
