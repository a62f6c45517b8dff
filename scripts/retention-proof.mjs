// npm run proof:retention: 13 months of made-up metrics (ETL_PROOF_ROWS, 10,000,000) are archived and dropped while the API
// answers. Makes a database server of its own; some 6 GB of disk for 10 M rows.
import { build } from './setup/build.mjs'
import { jest, told } from './setup/jest.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'
import { withStack } from './setup/stack.mjs'

await main(async () => {
  await packages()
  await build()
  const result = await withStack('proof', ['temporal'], ({ temporal }) =>
    jest(['--testPathPatterns=test/proofs/retention', '--runInBand'], { ETL_TEST_TEMPORAL_ADDRESS: temporal.address }),
  )
  return told(result)
})
