import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { bundleWorkflowCode, Worker } from '@temporalio/worker'

const folder = fileURLToPath(new URL('./histories/', import.meta.url))
const histories = readdirSync(folder).filter((name) => name.endsWith('.json'))

let workflowBundle: { code: string }

beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error },
  })
}, 60_000)

describe('workflow code replays what released versions have done', () => {
  test('there are histories to replay', () => {
    expect(histories.length).toBeGreaterThan(3)
  })

  test.each(histories)('%s', async (name) => {
    const history = JSON.parse(readFileSync(`${folder}${name}`, 'utf8'))
    await Worker.runReplayHistory({ workflowBundle }, history)
  })

  test('a history that the code does not make is noticed', async () => {
    const history = JSON.parse(readFileSync(`${folder}${histories[0]}`, 'utf8'))
    const scheduled = history.events.find((event: object) => 'activityTaskScheduledEventAttributes' in event)
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse'
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow()
  })
})
