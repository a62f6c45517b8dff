// npm run soak: a STREAMING job for half an hour, with kills, a rescale and an upgrade; every record is accounted for.
// ETL_SOAK_MINUTES (30) and ETL_SOAK_KILLS (200) say how long and how hard.
import { build } from './setup/build.mjs'
import { jest, told } from './setup/jest.mjs'
import { main } from './setup/main.mjs'
import { serverOf } from './setup/mysql.mjs'
import { packages } from './setup/packages.mjs'
import { withStack } from './setup/stack.mjs'

await main(async () => {
  await packages()
  await build()
  const result = await withStack('soak', ['mysql', 'temporal'], ({ mysql, temporal }) =>
    jest(['--testPathPatterns=test/soak/', '--runInBand', '--forceExit'], {
      ETL_TEST_MYSQL_URL: serverOf(mysql.url),
      ETL_TEST_TEMPORAL_ADDRESS: temporal.address,
    }),
  )
  return told(result)
})
