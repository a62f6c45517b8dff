/** Every secret of a job under the key that encrypts now: in all its versions, and in the graphs of the current one. */
import type { Transaction } from 'sequelize'
import type { Database } from '../../database.js'
import type { Cipher } from '../../encryption.js'
import { lockJob } from '../journal/ownership.js'
import { type RenewNode, renewNodes } from './job-secrets.js'

/** False: it was so already. */
export async function renewJob(
  db: Database,
  transaction: Transaction,
  jobId: string,
  cipher: Cipher,
): Promise<boolean> {
  const { job, jobVersion, streamGraph, graphNode } = db.tables
  const { config } = await lockJob(db, transaction, jobId)
  const renew = renewNodes(cipher, jobId)
  const ofJob = { where: { jobId }, transaction }
  let changed = false
  const unlessSame = async <T>(before: T, after: T, write: (after: T) => Promise<unknown>) => {
    if (JSON.stringify(before) === JSON.stringify(after)) return
    await write(after)
    changed = true
  }
  await unlessSame(config, withNodes(config, renew), (renewed) => job.update({ config: renewed }, ofJob))
  for (const row of await jobVersion.findAll(ofJob)) {
    const { id, spec, jobGraph } = row.get()
    const renewed = {
      spec: withNodes(spec, renew),
      jobGraph: { ...jobGraph, stream: withNodes(jobGraph.stream, renew) },
    }
    await unlessSame({ spec, jobGraph }, renewed, (after) => jobVersion.update(after, { where: { id }, transaction }))
  }
  for (const row of await streamGraph.findAll(ofJob)) {
    const { graphJson } = row.get()
    await unlessSame(graphJson, withNodes(graphJson, renew), (after) => streamGraph.update({ graphJson: after }, ofJob))
  }
  for (const row of await graphNode.findAll(ofJob)) {
    const { id, nodeId, config: before } = row.get()
    const after = renew({ id: nodeId, config: before }).config
    await unlessSame(before, after, (renewed) => graphNode.update({ config: renewed }, { where: { id }, transaction }))
  }
  return changed
}

/** Of a spec or a graph; what has not the shape of one holds nothing that is encrypted. */
function withNodes<Whole extends object>(whole: Whole, renew: RenewNode): Whole {
  const { nodes } = whole as { readonly nodes?: unknown }
  return Array.isArray(nodes) ? { ...whole, nodes: nodes.map(renew) } : whole
}
