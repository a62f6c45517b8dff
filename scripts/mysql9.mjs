// npm run test:mysql9 [-- jest arguments]: what talks to a catalogue or a target database, on a real MySQL 9.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './setup/build.mjs'
import { jest, told } from './setup/jest.mjs'
import { main } from './setup/main.mjs'
import { serverOf } from './setup/mysql.mjs'
import { packages } from './setup/packages.mjs'
import { withStack } from './setup/stack.mjs'

const suites = 'test/(integration/(models|jdbc|api)|conformance/jdbc|crash/)'

await main(async (args) => {
  await packages()
  await build()
  const result = await withStack('mysql9', ['mysql9', 'temporal'], ({ mysql9, temporal }) => {
    const scratch = join(mysql9.system, 'tmp')
    mkdirSync(scratch, { recursive: true })
    return jest(args.length > 0 ? args : [`--testPathPatterns=${suites}`, '--runInBand'], {
      ETL_TEST_MYSQL_URL: serverOf(mysql9.url),
      ETL_TEST_TEMPORAL_ADDRESS: temporal.address,
      // For a server of a test's own: it runs in the same chroot, so its data has to be there.
      ETL_TEST_MYSQL_ROOT: mysql9.system,
      TMPDIR: scratch,
    })
  })
  return told(result)
})
