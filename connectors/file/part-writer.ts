import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Fence, fenceName } from '../../core/execution/fence.js'
import type { Session } from '../../duckdb/session.js'
import type { SinkBatch } from '../spi.js'
import { moveDurably, syncPath } from './durable.js'
import type { PartFormat } from './part-format.js'

/** Writes the batches of one epoch as parts under the writer's fence: nobody looks at them before they are committed. */
export interface PartWriter {
  /** File names in the staged folder. */
  readonly parts: readonly string[]
  write(batch: SinkBatch, session: Session): Promise<void>
  /** Makes the parts durable. */
  sync(): Promise<void>
  discard(): Promise<void>
}

export function partWriter(folder: string, format: PartFormat, fence: Fence): PartWriter {
  const parts: string[] = []
  const pathOf = (part: string) => join(folder, part)
  return {
    parts,
    async write(batch, session) {
      if (batch.records === 0) return
      const first = !format.appendable || parts.length === 0
      const local = join(session.folder, `${randomUUID()}.part`)
      await session.run(format.copy(batch.table, local, { first, schema: batch.schema }))
      if (first) {
        const part = `${fenceName(fence)}-${String(parts.length).padStart(4, '0')}-${randomUUID().slice(0, 8)}`
        parts.push(part)
        await moveDurably(local, pathOf(part))
        return
      }
      await pipeline(createReadStream(local), createWriteStream(pathOf(parts[0]!), { flags: 'a' }))
      await rm(local, { force: true })
    },
    async sync() {
      for (const part of parts) await syncPath(pathOf(part))
      await syncPath(folder)
    },
    async discard() {
      for (const part of parts.splice(0)) await rm(pathOf(part), { force: true })
    },
  }
}
