/** Tables of which much is empty are written anew: DELETE leaves room in a file, and never gives it back. */
import { isWorthOptimizing } from '../../core/maintenance/policy.js'
import type { Findings } from '../../core/maintenance/report.js'
import { optimizeTable, tableSizes } from '../../models/stores/maintenance/table-sizes.js'
import type { HouseWork } from './work.js'

export async function optimizeTables({ house, policy, dryRun, signal }: HouseWork): Promise<Findings> {
  const worth = (await tableSizes(house)).filter((table) => !table.isPartitioned && isWorthOptimizing(table, policy))
  const warnings: string[] = []
  for (const { name } of dryRun ? [] : worth) {
    signal.throwIfAborted()
    const refused = await optimizeTable(house, name)
    if (refused !== null) warnings.push(`${name} could not be optimized: ${refused}`)
  }
  const emptyBytes = worth.reduce((sum, { freeBytes }) => sum + freeBytes, 0)
  return {
    done: [
      { what: 'tables written anew', count: worth.length - warnings.length, names: worth.map(({ name }) => name) },
      { what: 'MiB that were empty in them', count: Math.round(emptyBytes / 1024 ** 2) },
    ],
    warnings,
  }
}
