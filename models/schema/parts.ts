/**
 * Pieces that every table's SQL shares. All of it runs unchanged on MySQL 8 and 9 and on MariaDB 10.11, and every
 * statement may run again: MySQL commits on DDL, so a migration that died half-way is simply run once more.
 */

/** Character set and collation are written out: a server's bare default may be latin1. */
export const tail = (comment: string) =>
  `ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='${comment}'`

export const ID = 'id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT'

export const CREATED = 'create_time DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)'

export const TIMES = `${CREATED},
  update_time DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)`

/** Optimistic locking of what people edit. */
export const VERSION = 'version INT UNSIGNED NOT NULL DEFAULT 1'

/** Names and ids compare byte by byte: `Orders` and `orders` are two nodes. */
export const name = (length: number) => `VARCHAR(${length}) COLLATE utf8mb4_bin`

export const KEY = name(64)

export const COUNT = 'BIGINT NOT NULL DEFAULT 0'

/**
 * JSON whose key order means something (columns of a MAP, fields of a form). MySQL's JSON type sorts keys,
 * so these are kept as text.
 */
export const ORDERED_JSON = 'LONGTEXT'

/** MySQL has no ADD COLUMN IF NOT EXISTS. `definition` may go on with more that belongs to the same step: `, ADD KEY …`. */
export function addColumn(table: string, column: string, definition: string): readonly string[] {
  return [
    `SET @etl_step = IF(
  (SELECT COUNT(*) FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table}' AND COLUMN_NAME = '${column}') = 0,
  'ALTER TABLE ${table} ADD COLUMN ${column} ${definition.replaceAll("'", "''")}',
  'DO 0')`,
    'PREPARE etl_step FROM @etl_step',
    'EXECUTE etl_step',
    'DEALLOCATE PREPARE etl_step',
  ]
}

/** Where there is none of this name. */
export function addIndex(table: string, index: string, columns: string): readonly string[] {
  return [
    `SET @etl_step = IF(
  (SELECT COUNT(*) FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table}' AND INDEX_NAME = '${index}') = 0,
  'ALTER TABLE ${table} ADD KEY ${index} (${columns})',
  'DO 0')`,
    'PREPARE etl_step FROM @etl_step',
    'EXECUTE etl_step',
    'DEALLOCATE PREPARE etl_step',
  ]
}
