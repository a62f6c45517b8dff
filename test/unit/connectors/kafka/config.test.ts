import { describe, expect, test } from '@jest/globals'
import { connectionConfig, momentOf, sinkConfig, sourceConfig } from '../../../../connectors/kafka/config.js'

const pointers = (
  schema: { safeParse(value: unknown): { error?: { issues: { path: PropertyKey[] }[] } } },
  value: unknown,
) => schema.safeParse(value).error?.issues.map(({ path }) => path.join('/'))

describe('settings', () => {
  const connection = { brokers: ['a:9092', '[::1]:9092'] }

  test('that cannot be are refused where they stand', () => {
    expect(pointers(connectionConfig, { brokers: ['a'] })).toEqual(['brokers/0'])
    expect(pointers(sourceConfig, { connection, topic: 'a b' })).toEqual(['topic'])
    expect(pointers(sourceConfig, { connection, topic: 't', format: 'csv' })).toEqual(['columns'])
    const raw = { connection, topic: 't', format: 'raw' }
    expect(pointers(sourceConfig, { ...raw, columns: { a: 'BIGINT' } })).toEqual(['columns'])
    expect(pointers(sourceConfig, { ...raw, columns: { a: 'BLOB' } })).toBeUndefined()
    const twice = { connection, topic: 't', columns: { Key: 'VARCHAR' }, metadata: ['key'] }
    expect(pointers(sourceConfig, twice)).toEqual(['metadata'])
    expect(pointers(sourceConfig, { connection, topic: 't', startFrom: { timestamp: 'soon' } })).toEqual([
      'startFrom/timestamp',
    ])
    expect(pointers(sinkConfig, { connection, topic: 't', compression: 'zip' })).toEqual(['compression'])
  })

  test.each([
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2026-01-31 12:00:00', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31T12:00:00.5Z', Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
    ['2026-01-31T12:00:00+02:00', Date.UTC(2026, 0, 31, 10)],
    [1_700_000_000_000, 1_700_000_000_000],
    ['1700000000000', 1_700_000_000_000],
    ['2026-13-01', null],
    ['noon', null],
  ])('the time %s', (text, moment) => {
    expect(momentOf(text)).toBe(moment)
  })
})
