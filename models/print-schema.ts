/** `database-schema.sql`: the same statements that migrate() runs, for `mysql <` into a selected database. */
import { LEDGER, ledgerEntry, MIGRATIONS } from './schema/migrations.js'

export function printSchema(at: Date = new Date()): string {
  const steps = MIGRATIONS.map(
    (step) => `-- ${step.name}\n\n${[...step.statements(at), ledgerEntry(step.name)].map(end).join('\n')}`,
  )
  return [HEADER, end('SET NAMES utf8mb4'), end(LEDGER), ...steps].join('\n')
}

const HEADER = `-- Catalogue of the ETL framework, for MySQL 8.0+ and MariaDB 10.11+.
-- Load it into a database made for it:
--   CREATE DATABASE etl_framework DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
--   mysql etl_framework < database-schema.sql
-- It may be loaded again, and \`etl migrate\` goes on from it.
`

function end(statement: string): string {
  return `${statement};\n`
}
