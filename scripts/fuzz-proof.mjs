// npm run proof:fuzz: every route of the API is called with what its description says and with what it does not, for
// ETL_FUZZ_SECONDS (600). What was called and answered goes to .etl/fuzz/report.txt; ETL_FUZZ_SEED repeats a run.
import { join } from 'node:path'
import { build } from './setup/build.mjs'
import { fuzzProgram } from './setup/fuzz-program.mjs'
import { jest, told } from './setup/jest.mjs'
import { Stop, say } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { serverOf } from './setup/mysql.mjs'
import { packages } from './setup/packages.mjs'
import { folder } from './setup/paths.mjs'
import { withStack } from './setup/stack.mjs'

await main(async () => {
  await packages()
  await build()
  const program = await fuzzProgram()
  if (program === null) throw new Stop('nothing to fuzz with; see above', { exit: 3 })
  const report = join(folder('fuzz'), 'report.txt')
  const result = await withStack('proof', ['mysql', 'temporal'], ({ mysql, temporal }) =>
    jest(['--testPathPatterns=test/integration/fuzz', '--runInBand'], {
      ETL_TEST_MYSQL_URL: serverOf(mysql.url),
      ETL_TEST_TEMPORAL_ADDRESS: temporal.address,
      ETL_FUZZ_SECONDS: process.env.ETL_FUZZ_SECONDS || '600',
      ETL_FUZZ_REPORT: report,
    }),
  )
  say(`report: ${report}`)
  return told(result)
})
