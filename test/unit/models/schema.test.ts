import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { connectionOptions, parseTarget } from '../../../models/connection-url.js'
import { toDatabaseError } from '../../../models/database-error.js'
import { printSchema } from '../../../models/print-schema.js'
import { MIGRATIONS } from '../../../models/schema/migrations.js'
import { monthsFrom } from '../../../models/schema/partitions.js'

const at = new Date('2026-11-25T00:00:00Z')

describe('a step of the schema', () => {
  test('may run again, and ends where its statement ends', () => {
    for (const statement of MIGRATIONS.flatMap((step) => step.statements(at))) {
      expect(statement).toMatch(
        /^(CREATE TABLE IF NOT EXISTS|INSERT IGNORE INTO|UPDATE etl_system_config SET |ALTER TABLE \w+ MODIFY |SET @etl_step = IF\(|PREPARE etl_step |EXECUTE etl_step|DEALLOCATE PREPARE etl_step)/,
      )
      expect(statement).not.toContain(';\n')
    }
  })

  test('says nothing that only one of MySQL and MariaDB understands', () => {
    expect(printSchema(at)).not.toMatch(/->|RETURNING|FOREIGN KEY|AS new\b/i)
  })

  test('has a name that sorts after those before it', () => {
    const names = MIGRATIONS.map((step) => step.name)
    expect(names).toEqual([...new Set(names)].sort())
  })
})

describe('months', () => {
  test('follow one another without a gap, each in its own partition, from the month of the date', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2000-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
        (date) => {
          const months = monthsFrom(date, 14)
          expect(months[0]?.partition).toBe(`p${date.toISOString().slice(0, 7).replace('-', '')}`)
          expect(date.toISOString() < (months[0]?.before ?? '')).toBe(true)
          months.slice(1).forEach((month, index) => {
            expect(`p${months[index]?.before.slice(0, 7).replace('-', '')}`).toBe(month.partition)
          })
        },
      ),
    )
  })
})

describe('the URL of the catalogue', () => {
  test('names host, port, user, password and database, with defaults', () => {
    expect(parseTarget('mysql://u%40x:p%2Fw@db.example:3307/cat?ssl=true')).toEqual({
      host: 'db.example',
      port: 3307,
      user: 'u@x',
      password: 'p/w',
      database: 'cat',
      socketPath: null,
      ssl: { verify: true, ca: null, cert: null, key: null },
    })
    expect(parseTarget('mysql://127.0.0.1')).toMatchObject({ port: 3306, user: 'root', database: 'etl_framework' })
    expect(connectionOptions(parseTarget('mysql://localhost/x?socket=/run/my.sock'))).toMatchObject({
      socketPath: '/run/my.sock',
    })
  })

  test('that is none is refused without showing it', () => {
    for (const url of ['postgres://u:hunter2@h/x', 'hunter2'])
      expect(() => parseTarget(url)).toThrow(
        expect.objectContaining({ code: 'environment.invalid', message: expect.not.stringContaining('hunter2') }),
      )
  })
})

describe("a driver's error", () => {
  const from = (code: string, name = 'Error') =>
    toDatabaseError(Object.assign(new Error('SELECT secret'), { code, name }))

  test('becomes one that says whether waiting helps, and shows no SQL', () => {
    expect(from('ECONNREFUSED')).toMatchObject({ code: 'mysql.away' })
    expect(from('PROTOCOL_CONNECTION_LOST')).toMatchObject({ code: 'mysql.away' })
    expect(from('ER_ACCESS_DENIED_ERROR', 'SequelizeAccessDeniedError')).toMatchObject({ code: 'connection.denied' })
    expect(from('ER_BAD_DB_ERROR', 'SequelizeConnectionError')).toMatchObject({ code: 'environment.invalid' })
    expect(from('ER_PARSE_ERROR')).toMatchObject({ code: 'internal', message: expect.not.stringContaining('SELECT') })
  })
})
