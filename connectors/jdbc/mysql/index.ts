import type { Dialect } from '../dialect.js'
import { hostOf } from './connect.js'
import { type MysqlDb, openDb } from './db.js'
import { discover } from './discover.js'
import { isConnectionLoss, isLockTrouble, mysqlFault } from './fault.js'
import { reading } from './reading.js'
import { name } from './sql.js'
import { writing } from './writing.js'

/** MySQL and MariaDB. */
export const mysql: Dialect<MysqlDb> = {
  open: openDb,
  placeOf: hostOf,
  greeting: 'SELECT VERSION() AS version, CURRENT_USER() AS user',
  fault: mysqlFault,
  isLost: isConnectionLoss,
  isLocked: isLockTrouble,
  begin: 'START TRANSACTION',
  name,
  discover,
  reading,
  writing,
}
