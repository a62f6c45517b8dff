import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { awaitFiles } from '../../../../connectors/file/await-files.js'
import { expandPattern, matcherOf } from '../../../../connectors/file/pattern.js'

let folder: string
let ending: AbortController

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'await-files-'))
  ending = new AbortController()
})
afterEach(async () => {
  ending.abort()
  await rm(folder, { recursive: true, force: true })
})

/** Waits as a source would that has read `names`; answers what it has come to so far. */
function waiting(pattern: string, names: readonly string[] = []) {
  const known = new Set(names.map((name) => join(folder, name)))
  const state = { over: false }
  const wait = awaitFiles(join(folder, pattern), (path) => known.has(path), ending.signal)
  const done = wait.then(() => {
    state.over = true
  })
  return { done, isOver: () => state.over }
}
const put = (name: string) => writeFile(join(folder, name), 'x\n')
/** Long enough for every folder to have been looked at again. */
const aLook = () => sleep(1300)

describe('waiting for files', () => {
  test('ends when one appears that is not known yet', async () => {
    await put('a.csv')
    const wait = waiting('*.csv', ['a.csv'])
    await aLook()
    expect(wait.isOver()).toBe(false)
    await put('b.csv')
    await wait.done
  })

  test('ends for a file that came before the waiting began', async () => {
    await put('a.csv')
    await waiting('*.csv').done
  })

  test('goes on for what the pattern does not mean: other names, hidden files, folders', async () => {
    const wait = waiting('*.csv')
    await put('a.json')
    await put('.b.csv')
    await mkdir(join(folder, 'c.csv'))
    await aLook()
    await aLook()
    expect(wait.isOver()).toBe(false)
    await rename(join(folder, '.b.csv'), join(folder, 'b.csv'))
    await wait.done
  })

  test('sees what comes to a folder that has been quiet for long, and to one that was not there', async () => {
    const quiet = waiting('in-*.csv')
    const absent = waiting('later/*.csv')
    await sleep(4500)
    await put('in-1.csv')
    await mkdir(join(folder, 'later'))
    await put('later/a.csv')
    await Promise.all([quiet.done, absent.done])
  })

  test('sees that another folder was put in the place of a quiet one, however old it is', async () => {
    for (const name of ['in', 'old']) await mkdir(join(folder, name))
    await put('old/a.csv')
    await utimes(join(folder, 'in'), 1000, 1000)
    await utimes(join(folder, 'old'), 2000, 2000)
    const wait = waiting('in/*.csv')
    await aLook()
    await rename(join(folder, 'in'), join(folder, 'out'))
    await rename(join(folder, 'old'), join(folder, 'in'))
    await wait.done
  })

  test('of many in one folder ends for those alone that the new file concerns', async () => {
    const one = waiting('one-*.csv')
    const other = waiting('other-*.csv')
    await aLook()
    await put('one-1.csv')
    await one.done
    expect(other.isOver()).toBe(false)
    // Whoever waits on sees the next one.
    const again = waiting('one-*.csv', ['one-1.csv'])
    await put('one-2.csv')
    await again.done
  })

  test('sees files of several folders', async () => {
    await mkdir(join(folder, 'x'))
    const wait = waiting('*/*.csv')
    await aLook()
    expect(wait.isOver()).toBe(false)
    await put('x/a.csv')
    await wait.done
  })

  test('ends with its signal', async () => {
    const waits = [waiting('*.csv'), waiting('*/*.csv')]
    await sleep(50)
    ending.abort()
    await Promise.all(waits.map(({ done }) => done))
  })
})

test('a name matches just where a listing would find it', async () => {
  const characters = fc.constantFrom('a', 'b', '.', '_', '-')
  const name = fc.string({ unit: characters, minLength: 1, maxLength: 4 }).filter((text) => !/^\.+$/.test(text))
  const segment = fc.string({
    unit: fc.constantFrom('a', 'b', '.', '_', '-', '*', '?', '[ab]', '{a,b*}'),
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(name, segment, async (file, pattern) => {
      fc.pre(!/^\.+$/.test(pattern) && pattern !== '**')
      const place = await mkdtemp(join(folder, 'p-'))
      await writeFile(join(place, file), '')
      const absolute = join(place, pattern)
      const { paths } = await expandPattern(absolute)
      const isListed = paths.includes(join(place, file))
      expect(matcherOf(absolute)?.(file)).toBe(isListed)
    }),
  )
})

test.each([
  ['br\\[2\\].csv', 'br[2].csv', 'br2.csv'],
  ['a\\{b,c\\}*', 'a{b,c}d', 'abd'],
  ['[\\w]*', 'w', 'x'],
  ['\\*[a]', '*a', 'ba'],
])('behind a backslash a character is itself: %s is %s and not %s', (pattern, name, other) => {
  const matches = matcherOf(join(folder, pattern))!
  expect([matches(name), matches(other)]).toEqual([true, false])
})

test('a pattern that cannot be read is refused in words', async () => {
  await expect(expandPattern(join(folder, 'x[z-a].csv'))).rejects.toMatchObject({
    code: 'config.invalid',
    pointer: '/path',
  })
})
