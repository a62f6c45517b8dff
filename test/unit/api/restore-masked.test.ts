import { expect, test } from '@jest/globals'
import { restoreMasked } from '../../../api/jobs/restore-masked.js'

test('a masked secret of an inline connection is kept for its own address only', () => {
  const spec = (url: string, password: string) => ({
    nodes: [{ id: 'out', sink: 'jdbc', config: { connection: { url, password }, table: 't' } }],
  })
  const stored = spec('mysql://u@h/d', 'word-1')
  const restore = (url: string) => restoreMasked(spec(url, '***'), stored, () => null)
  expect(restore('mysql://u@h/e')).toEqual(spec('mysql://u@h/e', 'word-1'))
  expect(() => restore('mysql://u@i/d')).toThrow('the address it goes to has changed')
})
