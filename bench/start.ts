/** What an execution costs that has nothing to do. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.js'
import { elapsedMs, ratioFigure } from './figures.js'
import type { Rig } from './rig.js'

export const startLatency: Benchmark = {
  name: 'start',
  ours: 'one record from a CSV file to another, from submission to COMPLETED',
  raw: 'an empty Temporal workflow, started and awaited',
  rounds: 20,
  prepare: async (rig) => {
    const jobId = await rig.server.save(await trivialJob(rig, 'start'))
    const contest = {
      ours: async () => ({ ms: (await rig.server.execute(jobId)).ms }),
      raw: async () => ({ ms: await emptyWorkflow(rig, 'empty', []) }),
    }
    // Warm means that what runs for each execution has been compiled: neither side counts what comes once.
    for (let warming = 0; warming < 25; warming += 1) {
      await contest.ours()
      await contest.raw()
    }
    return contest
  },
  judge: (pairs) => [ratioFigure(pairs, { ...elapsedMs, factor: 8 })],
}

/** One record from a file to another. */
export async function trivialJob({ files }: Pick<Rig, 'files'>, name: string): Promise<object> {
  const path = join(files, `${name}.csv`)
  await writeFile(path, 'id,name\n1,one\n')
  const sink = { path: join(files, `${name}-out.csv`), singleFile: true, mode: 'REPLACE' }
  return {
    name,
    nodes: [
      { id: 'from', source: 'file', config: { path } },
      { id: 'to', sink: 'file', input: 'from', config: sink },
    ],
  }
}

/** Answers how long it took. */
export async function emptyWorkflow({ temporal, emptyQueue }: Rig, type: string, args: unknown[]): Promise<number> {
  const began = performance.now()
  await temporal.workflow.execute(type, { taskQueue: emptyQueue, workflowId: `empty/${randomUUID()}`, args })
  return performance.now() - began
}
