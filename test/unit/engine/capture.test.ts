import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { captureFor } from '../../../engine/capture.js'
import { openStore } from '../../../storage/open-store.js'

describe('a capture', () => {
  test('is the first one that was kept, for everyone, and leaves no file behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'capture-'))
    try {
      const store = openStore(`file://${folder}/store`)
      const run = { lineageId: 'l', plan: { epoch: 3, phase: 1, at: '', sources: {}, end: false } }
      const [first, second] = [captureFor(run, 'orders', folder, store), captureFor(run, 'orders', folder, store)]
      await writeFile(join(folder, 'a'), 'first')
      await writeFile(join(folder, 'b'), 'second')

      expect(await first.existing('split-0')).toBeNull()
      expect(await readFile(await first.keep('split-0', join(folder, 'a')), 'utf8')).toBe('first')
      const won = await second.keep('split-0', join(folder, 'b'))
      expect(await readFile(won, 'utf8')).toBe('first')
      expect(await readFile((await second.existing('split-0'))!, 'utf8')).toBe('first')
      expect(await second.existing('split')).toBeNull()
      expect(
        await captureFor({ ...run, plan: { ...run.plan, epoch: 4 } }, 'orders', folder, store).existing('split-0'),
      ).toBeNull()

      await second.forget()
      await expect(stat(won)).rejects.toMatchObject({ code: 'ENOENT' })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
