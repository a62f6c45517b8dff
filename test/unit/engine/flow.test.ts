import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { oneAhead } from '../../../engine/flow.js'

test('what is read ahead and fails after its reader has left ends nothing else', async () => {
  async function* items(): AsyncGenerator<number, void, void> {
    yield 1
    await sleep(20)
    throw new Error('interrupted')
  }
  const unheard: unknown[] = []
  const note = (reason: unknown) => unheard.push(reason)
  process.on('unhandledRejection', note)
  try {
    const read = async () => {
      for await (const item of oneAhead(items())) throw new Error(`item ${item} was refused`)
    }
    await expect(read()).rejects.toThrow('item 1 was refused')
    await sleep(50)
  } finally {
    process.off('unhandledRejection', note)
  }
  expect(unheard).toEqual([])
})

test('what is read ahead and fails is heard of by its reader, after what came before it', async () => {
  async function* items(): AsyncGenerator<number, void, void> {
    yield 1
    throw new Error('unreadable')
  }
  const read: number[] = []
  const all = async () => {
    for await (const item of oneAhead(items())) read.push(item)
  }
  await expect(all()).rejects.toThrow('unreadable')
  expect(read).toEqual([1])
})
