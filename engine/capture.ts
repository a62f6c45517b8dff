/** Records that a source cannot give twice alike, kept under (lineage, source, epoch) without a fence: the first wins. */
import type { Capture } from '../connectors/spi.js'
import type { ObjectStore } from '../storage/store.js'
import { type ChainRun, segment } from './chain-run.js'

export function captureFor(run: ChainRun, nodeId: string, folder: string, store: ObjectStore): Capture {
  const keyOf = (name: string) =>
    `lineage/${segment(run.lineageId)}/capture/${segment(nodeId)}/${run.plan.epoch}/${segment(name)}.parquet`
  return {
    async existing(name) {
      const key = keyOf(name)
      for await (const found of store.list(key)) if (found.key === key) return await store.fetch(key, folder)
      return null
    },
    async keep(name, file) {
      const won = await store.putIfAbsent(keyOf(name), file)
      return won ? file : await store.fetch(keyOf(name), folder)
    },
  }
}
