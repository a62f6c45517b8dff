import Database from 'libsql'

/** Statements on a connection of their own, on a file that is made if there is none; the rows of a single SELECT. */
export function onSqlite(url: string, sql: string): readonly Record<string, unknown>[] {
  const db = new Database(url.slice('sqlite://'.length))
  try {
    if (/^\s*(SELECT|WITH)/i.test(sql)) return db.prepare(sql).all() as Record<string, unknown>[]
    db.exec(sql)
    return []
  } finally {
    db.close()
  }
}
