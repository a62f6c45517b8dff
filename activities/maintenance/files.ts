/** Files of the checkpoint store that no row needs go once they are old enough (I5). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Findings } from '../../core/maintenance/report.js'
import { isOrphan, type StoredFile } from '../../core/maintenance/sweep.js'
import { catalogueId } from '../../models/stores/maintenance/catalogue-id.js'
import { marksOf } from '../../models/stores/maintenance/marks.js'
import type { HouseWork } from './work.js'

const HOUR_MS = 3_600_000

/** Rows are read before files are listed: what is marked later is younger than the grace. */
export async function sweepFiles(work: HouseWork): Promise<Findings> {
  const { house, store, policy, dryRun, signal, now } = work
  await refuseForeignStore(work)
  const marks = await marksOf(house)
  const youngestMs = now() - policy.orphanGraceHours * HOUR_MS
  const orphans: StoredFile[] = []
  let [files, bytes, freed] = [0, 0, 0]
  for await (const file of store.list('lineage/')) {
    signal.throwIfAborted()
    files += 1
    bytes += file.sizeBytes
    if (!isOrphan(file, marks, youngestMs)) continue
    orphans.push(file)
    freed += file.sizeBytes
  }
  for (const { key } of dryRun ? [] : orphans) {
    signal.throwIfAborted()
    await store.remove(key)
  }
  return {
    done: [
      { what: 'files looked at', count: files },
      { what: 'MiB in them', count: Math.round(bytes / 1024 ** 2) },
      { what: 'orphans removed', count: orphans.length, names: orphans.map(({ key }) => key) },
      { what: 'KiB freed', count: Math.round(freed / 1024) },
    ],
    warnings: [],
  }
}

const OWNER = 'catalogue-id.txt'

/** To another catalogue all files of this one would be orphans. */
async function refuseForeignStore(work: HouseWork): Promise<void> {
  const { house, store, scratch, dryRun } = work
  const mine = await catalogueId(house)
  const owner = await store.text(OWNER)
  if (owner === mine) return
  if (owner !== null)
    throw new JobError('conflict', 'The checkpoint store belongs to another catalogue: nothing was removed.', {
      hint: `Give each catalogue a store of its own (ETL_STORAGE_URL). If this one has taken its place, remove ${OWNER} from the store.`,
    })
  if (dryRun) return
  const file = join(await mkdtemp(join(scratch, 'owner-')), OWNER)
  await writeFile(file, mine)
  if (!(await store.putIfAbsent(OWNER, file))) await refuseForeignStore(work)
  await rm(dirname(file), { recursive: true, force: true })
}
