/** Slow queries, the size of the catalogue, and room on the disk of the checkpoint store: warned of before they hurt. */
import { statfs } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Done, Findings } from '../../core/maintenance/report.js'
import { serverCounts, tableSizes } from '../../models/stores/maintenance/table-sizes.js'
import type { HouseWork } from './work.js'

const MiB = 1024 ** 2

export async function watchServers(work: HouseWork): Promise<Findings> {
  const all = [await slowQueries(work), await databaseSize(work), await freeDisk(work)]
  return { done: all.flatMap(({ done }) => done), warnings: all.flatMap(({ warnings }) => warnings) }
}

const COUNTED = 'slow queries since the server started'

/** Since the run before; without one, or after a restart of the server, since its start. */
async function slowQueries({ house, policy, runs, now }: HouseWork): Promise<Findings> {
  const { slowQueries: counted, uptimeSeconds, slowSeconds } = await serverCounts(house)
  const { items } = await runs.list({ limit: 50 })
  const before = items
    .flatMap(({ startedAt, tasks }) => tasks.map((task) => ({ ...task, atMs: Date.parse(startedAt) })))
    .find(({ task, status }) => task === 'watch' && status === 'DONE')
  const known = before?.done.find(({ what }) => what === COUNTED)?.count ?? 0
  const sinceMs = now() - (before?.atMs ?? 0)
  const isSame = before !== undefined && known <= counted && sinceMs < uptimeSeconds * 1000
  const hours = Math.max((isSame ? sinceMs / 1000 : uptimeSeconds) / 3600, 1 / 60)
  const perHour = Math.round((isSame ? counted - known : counted) / hours)
  return {
    done: [
      { what: COUNTED, count: counted },
      { what: 'slow queries an hour', count: perHour },
    ],
    warnings:
      perHour > policy.mostSlowQueriesPerHour
        ? [
            `The database server has ${perHour} queries an hour that take longer than ${slowSeconds} s: see its slow query log.`,
          ]
        : [],
  }
}

async function databaseSize({ house, policy }: HouseWork): Promise<Findings> {
  const tables = await tableSizes(house)
  const sizeOf = (table: (typeof tables)[number]) => table.dataBytes + table.indexBytes
  const mib = Math.round(tables.reduce((sum, table) => sum + sizeOf(table), 0) / MiB)
  const largest = [...tables].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, 3)
  const names = largest.map((table) => `${table.name} ${Math.round(sizeOf(table) / MiB)} MiB`)
  return {
    done: [{ what: 'MiB of the catalogue', count: mib, names }],
    warnings:
      policy.mostDatabaseMb > 0 && mib > policy.mostDatabaseMb
        ? [`The catalogue has ${mib} MiB, more than watch.most_database_mb; the largest: ${names.join(', ')}.`]
        : [],
  }
}

/** A bucket has no end. */
async function freeDisk({ store, policy }: HouseWork): Promise<Findings> {
  if (!store.url.startsWith('file:')) return { done: [], warnings: [] }
  const folder = fileURLToPath(store.url)
  const disk = await statfs(folder).catch(() => null)
  if (disk === null) return { done: [], warnings: [] }
  const percent = Math.floor((disk.bavail / Math.max(1, disk.blocks)) * 100)
  const free: Done = { what: 'percent of the disk of the store free', count: percent }
  const mib = Math.round((disk.bavail * disk.bsize) / MiB)
  return {
    done: [free, { what: 'MiB free there', count: mib }],
    warnings:
      percent < policy.leastFreeDiskPercent
        ? [
            `The disk of the checkpoint store has ${percent} % (${mib} MiB) free, less than watch.least_free_disk_percent.`,
          ]
        : [],
  }
}
