import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openStore } from '../../../storage/open-store.js'
import type { ObjectStore } from '../../../storage/store.js'

describe('a directory store', () => {
  let folder: string
  let store: ObjectStore

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'store-'))
    store = openStore(pathToFileURL(join(folder, 'store')).href)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  const keys = async (prefix: string) => {
    const found: string[] = []
    for await (const object of store.list(prefix)) found.push(object.key)
    return found
  }

  test('gives back what was put, as a file in the folder asked for', async () => {
    expect(await store.put('a/b/state.parquet', await file('x', 'hello'))).toEqual({ sizeBytes: 5 })
    const local = await store.fetch('a/b/state.parquet', folder)
    expect(local.startsWith(folder)).toBe(true)
    expect(await readFile(local, 'utf8')).toBe('hello')
  })

  test('lets exactly one of many writers create a key', async () => {
    const files = await Promise.all([1, 2, 3, 4, 5].map((n) => file(`f${n}`, `writer ${n}`)))
    const won = await Promise.all(files.map((path) => store.putIfAbsent('race/mark', path)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await store.text('race/mark')).toBe(`writer ${won.indexOf(true) + 1}`)
    expect(await readdir(join(folder, 'store/race'))).toEqual(['mark'])
  })

  test('lists keys below a prefix in order, also within a name, and nothing unfinished', async () => {
    for (const key of ['l/2/a', 'l/10/a', 'l/2-x', 'l/2/b', 'm/1']) await store.putText(key, key)
    await writeFile(join(folder, 'store/l/.unfinished-1'), 'half')
    expect(await keys('l/')).toEqual(['l/10/a', 'l/2-x', 'l/2/a', 'l/2/b'])
    expect(await keys('l/2')).toEqual(['l/2-x', 'l/2/a', 'l/2/b'])
    expect(await keys('')).toHaveLength(5)
    expect(await keys('nothing/here')).toEqual([])
  })

  test('removes a key once and again', async () => {
    await store.putText('k', 'v')
    await store.remove('k')
    await store.remove('k')
    expect(await store.text('k')).toBeNull()
  })

  test.each(['../x', 'a/../b', '/etc/passwd', 'a//b', '', 'a/.unfinished-1', 'a\0b'])(
    'refuses the key %j',
    async (key) => {
      await expect(store.text(key)).rejects.toMatchObject({ code: 'storage.failed' })
    },
  )

  test('says which object is missing', async () => {
    await expect(store.fetch('gone/state.parquet', folder)).rejects.toMatchObject({
      code: 'storage.failed',
      message: 'The checkpoint store has no object gone/state.parquet.',
    })
  })
})

test('a storage URL of a kind that is not available is refused in words', () => {
  expect(() => openStore('webhdfs://host/prefix')).toThrow('Storage on webhdfs:// is not offered')
  expect(() => openStore('/var/lib')).toThrow('must look like file:///folder')
})
