import type { Dialect } from '../dialect.js'
import { name } from '../standard-sql.js'
import { openDb, type PostgresDb, placeOf } from './db.js'
import { discover } from './discover.js'
import { isConnectionLoss, isLockTrouble, postgresFault } from './fault.js'
import { reading } from './reading.js'
import { writing } from './writing.js'

export const postgres: Dialect<PostgresDb> = {
  open: openDb,
  placeOf,
  greeting: `SELECT 'PostgreSQL ' || current_setting('server_version') AS version, current_user AS "user"`,
  fault: postgresFault,
  isLost: isConnectionLoss,
  isLocked: isLockTrouble,
  begin: 'BEGIN',
  name,
  discover,
  reading,
  writing,
}
