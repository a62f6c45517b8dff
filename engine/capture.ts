/** Records that a source cannot give twice alike, kept under (lineage, source, epoch) without a fence: the first wins. */
import { rm } from 'node:fs/promises'
import type { Capture } from '../connectors/spi.js'
import type { ObjectStore } from '../storage/store.js'
import { type ChainRun, segment } from './chain-run.js'

export interface LentCapture extends Capture {
  /** What was fetched into the session's folder goes once it has been read. */
  forget(): Promise<void>
}

export function captureFor(
  run: Pick<ChainRun, 'lineageId' | 'plan'>,
  nodeId: string,
  folder: string,
  store: ObjectStore,
): LentCapture {
  const fetched: string[] = []
  const keyOf = (name: string) =>
    `lineage/${segment(run.lineageId)}/capture/${segment(nodeId)}/${run.plan.epoch}/${segment(name)}.parquet`
  const fetch = async (key: string) => {
    const file = await store.fetch(key, folder)
    fetched.push(file)
    return file
  }
  return {
    async existing(name) {
      const key = keyOf(name)
      for await (const found of store.list(key)) if (found.key === key) return await fetch(key)
      return null
    },
    async keep(name, file) {
      return (await store.putIfAbsent(keyOf(name), file)) ? file : await fetch(keyOf(name))
    },
    async forget() {
      for (const file of fetched) await rm(file, { force: true })
    },
  }
}
