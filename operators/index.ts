/** All operators; a new one is added here. */
import { aggregate } from './aggregate.js'
import { deduplicate } from './deduplicate.js'
import { filter } from './filter.js'
import { flatmap } from './flatmap.js'
import { functionCall } from './function.js'
import { join } from './join.js'
import { limit } from './limit.js'
import { map } from './map.js'
import type { Operator } from './operator.js'
import { sort } from './sort.js'
import { sqlQuery } from './sql.js'
import { union } from './union.js'
import { window } from './window.js'

export const operators = [
  filter,
  map,
  flatmap,
  aggregate,
  window,
  join,
  deduplicate,
  union,
  sort,
  limit,
  sqlQuery,
  functionCall,
] as readonly unknown[] as readonly Operator[]
