import { z } from 'zod'
import { duration, foreignSql, secret } from '../../core/config/schema.js'
import type { ConnectorContext } from '../spi.js'

const sslConfig = z
  .union([
    z.boolean(),
    z.strictObject({
      ca: z.string().min(1).optional().describe('Certificate authority, PEM.'),
      rejectUnauthorized: z.boolean().default(true).describe('Refuse a server whose certificate cannot be verified.'),
    }),
  ])
  .describe('Encrypt the connection.')

export const SCHEMES = ['mysql', 'mariadb', 'postgres', 'postgresql', 'sqlite'] as const

export const connectionConfig = z.strictObject({
  url: z
    .string()
    .regex(
      new RegExp(`^(${SCHEMES.join('|')}):\\/\\/.+`, 'i'),
      `Expected a URL like mysql://host:3306/database; known are ${SCHEMES.map((scheme) => `${scheme}://`).join(', ')}.`,
    )
    .describe(
      '`mysql://host:3306/database`, `mariadb://…`, `postgres://…`, which may hold user and password; `sqlite:///folder/file.db`.',
    ),
  user: z.string().min(1).optional().describe('User; else from the URL.'),
  password: secret('Password; else from the URL.').optional(),
  ssl: sslConfig.optional(),
})

export type JdbcConnection = z.infer<typeof connectionConfig> & {
  /** Which files a database that is a file may be; absent: none. */
  readonly places?: Pick<ConnectorContext, 'fileRoots' | 'base'>
}

const connection = z
  .union([z.string().min(1), connectionConfig])
  .describe('Name of a connection, or a connection itself: `{url: mysql://…}`.')

const table = z.string().min(1).describe('A table, or `database.table`.')

export const sourceConfig = z
  .strictObject({
    connection,
    table: table.optional(),
    query: foreignSql('A SELECT in the dialect of the database, instead of a table.').optional(),
    columns: z.array(z.string().min(1)).min(1).optional().describe('Of these columns only; else of all.'),
    splitBy: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A column to read ranges of: numbers, times or text, never NULL, best with an index; else the primary key.',
      ),
    splits: z
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe('Ranges that are read at once, each by a connection of its own; else as many as there are subtasks.'),
    incremental: z
      .strictObject({
        column: z
          .string()
          .min(1)
          .describe(
            'A number or time that grows with every change, best with an index; rows where it is NULL are left out.',
          ),
        from: z.union([z.string(), z.number()]).optional().describe('Where the first execution starts, exclusive.'),
        lag: z
          .union([duration('Where the column is a time.'), z.int().min(0)])
          .optional()
          .describe(
            'Leave out what is younger, until the next time: a duration where the column is a time (5s unless given), a number of values where it is a number (0 unless given). As long as the longest transaction that writes to it, so that nothing is committed behind what was read.',
          ),
      })
      .optional()
      .describe('With `positions: CONTINUE`: only what came since the last execution.'),
    interval: duration('STREAMING: how often to look.').optional(),
  })
  .refine((config) => (config.table === undefined) !== (config.query === undefined), {
    path: ['table'],
    error: 'say either `table` or `query`',
  })

export type JdbcSourceConfig = z.infer<typeof sourceConfig>

export const sinkConfig = z
  .strictObject({
    connection,
    table,
    mode: z
      .enum(['APPEND', 'UPSERT', 'REPLACE'])
      .default('APPEND')
      .describe('UPSERT: by `key`. REPLACE: all at once, when the job ends.'),
    key: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('UPSERT: columns of a unique index.'),
    replaceWhere: foreignSql(
      'With APPEND: which rows are deleted when the new records are put in, at the end; a condition in the dialect of the database. It fires ON DELETE of tables that refer to this one.',
    ).optional(),
    createTable: z.boolean().default(false).describe('Make the table if there is none.'),
    onSchemaChange: z
      .enum(['FAIL', 'EVOLVE', 'IGNORE'])
      .default('FAIL')
      .describe('Columns that the table lacks: EVOLVE adds them, IGNORE leaves them out.'),
    batchSize: z
      .int()
      .min(1)
      .max(10_000)
      .default(1000)
      .describe('Records of one INSERT, where LOAD DATA is not allowed.'),
  })
  .refine((config) => config.mode !== 'UPSERT' || config.key !== undefined, {
    path: ['key'],
    error: 'UPSERT needs a key',
  })
  .refine((config) => config.mode === 'APPEND' || config.replaceWhere === undefined, {
    path: ['replaceWhere'],
    error: 'only with `mode: APPEND`',
  })

export type JdbcSinkConfig = z.infer<typeof sinkConfig>

/** Columns of the key, one or several. */
export function keyOf({ key }: JdbcSinkConfig): readonly string[] {
  return key === undefined ? [] : typeof key === 'string' ? [key] : key
}
