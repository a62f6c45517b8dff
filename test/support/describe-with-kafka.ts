/** Tests that need a broker: one for each file of tests, or that of `ETL_TEST_KAFKA_BROKERS`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from '@jest/globals'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { kafkaProgram } from '../../scripts/setup/kafka-program.mjs'
import { privateKafka } from './kafka.js'
import type { Service } from './services.js'

const given = process.env.ETL_TEST_KAFKA_BROKERS ?? null

/** Where there is no Java they are skipped, and that is said. */
const canStart = await kafkaProgram().then(
  () => true,
  (error: Error) => {
    console.warn(`Tests of Kafka are left out: ${error.message}`)
    return false
  },
)

export function describeWithKafka(name: string, tests: (kafka: { readonly brokers: string }) => void): void {
  const run = given !== null || canStart ? describe : describe.skip
  run(name, () => {
    const kafka = { brokers: given ?? '' }
    let folder: string | undefined
    let broker: Service | undefined
    beforeAll(async () => {
      if (given !== null) return
      folder = await mkdtemp(join(tmpdir(), 'etl-kafka-'))
      broker = await privateKafka(folder)
      await broker.start()
      kafka.brokers = broker.address
    }, 120_000)
    afterAll(async () => {
      await broker?.kill()
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    })
    tests(kafka)
  })
}

/** For tests that start brokers of their own. */
export const describeWithJava = canStart ? describe : describe.skip
