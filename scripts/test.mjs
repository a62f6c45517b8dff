// npm test [-- jest arguments]: everything set up, every suite, and `N passed, N failed` as the last line.
import { build } from './setup/build.mjs'
import { jest, told } from './setup/jest.mjs'
import { main } from './setup/main.mjs'
import { withMemory } from './setup/memory.mjs'
import { serverOf } from './setup/mysql.mjs'
import { packages } from './setup/packages.mjs'
import { s3Program } from './setup/s3-program.mjs'
import { withStack } from './setup/stack.mjs'

/**
 * What computes, two files at a time; what starts processes and mostly waits for them, so too, and not beside the first,
 * whose load would make it wait longer than it is patient; what kills processes, after both.
 */
const waits = 'test/(e2e|integration)/'
const kills = 'test/crash/'

await main(async (args) => {
  await packages()
  await build()
  const result = await withStack('test', ['mysql', 'temporal'], ({ mysql, temporal }) =>
    withMemory(async (memory) => {
      const s3 = await s3Program()
      const env = {
        ...memory,
        ...(s3 === null ? {} : { ETL_TEST_S3_SERVER: s3 }),
        ETL_TEST_MYSQL_URL: serverOf(mysql.url),
        ETL_TEST_TEMPORAL_ADDRESS: temporal.address,
      }
      const parts =
        args.length > 0
          ? [await jest(args, env)]
          : [
              await jest([`--testPathIgnorePatterns=${waits}|${kills}|test/soak/|test/proofs/`, '--maxWorkers=2'], env),
              await jest([`--testPathPatterns=${waits}`, '--maxWorkers=2'], env),
              await jest([`--testPathPatterns=${kills}`, '--maxWorkers=2'], env),
            ]
      return parts.reduce((sum, part) => ({
        passed: sum.passed + part.passed,
        failures: [...sum.failures, ...part.failures],
        files: [...sum.files, ...part.files],
      }))
    }),
  )
  return told(result)
})
