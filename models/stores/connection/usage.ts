/** Which jobs name a connection: in their current version, or in the one that an execution still works by. */
import type { Transaction } from 'sequelize'
import { UNFINISHED } from '../../../core/execution/status.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import type { Database } from '../../database.js'

export interface ConnectionUse {
  readonly jobId: string
  readonly jobName: string
  readonly jobVersion: number
  /** False: a newer version of the job may not name it any more, but executions of this one have not ended. */
  readonly isCurrent: boolean
  readonly nodes: readonly { readonly id: string; readonly type: 'SOURCE' | 'SINK' }[]
  /** Those that have not ended. */
  readonly executionIds: readonly string[]
}

export async function usageOf(db: Database, name: string, transaction?: Transaction): Promise<ConnectionUse[]> {
  const nodes = await namingNodes(db, name, transaction)
  const executions = await unfinishedOf(db, name, transaction)
  const keys = new Map([...nodes, ...executions].map((one) => [`${one.jobName}\n${one.jobVersion}`, one]))
  return [...keys.values()]
    .toSorted((a, b) => (a.jobName < b.jobName ? -1 : a.jobName > b.jobName ? 1 : b.jobVersion - a.jobVersion))
    .map(({ jobId, jobName, jobVersion }) => {
      const isSame = (one: JobVersion) => one.jobId === jobId && one.jobVersion === jobVersion
      const current = nodes.filter(isSame)
      const running = executions.filter(isSame)
      return {
        jobId,
        jobName,
        jobVersion,
        isCurrent: current.length > 0,
        nodes: current.length > 0 ? current.map(({ id, type }) => ({ id, type })) : running[0]!.nodes,
        executionIds: running.map((one) => one.executionId),
      }
    })
}

/** `orders (load, store)`, for messages. */
export function shownUses(uses: readonly ConnectionUse[]): string {
  const shown = uses.slice(0, 5).map(({ jobName, jobVersion, isCurrent, nodes }) => {
    const version = isCurrent ? '' : ` in version ${jobVersion}, which still runs`
    return `${jobName} (${nodes.map(({ id }) => id).join(', ')})${version}`
  })
  return `${shown.join(', ')}${uses.length > 5 ? `, and ${uses.length - 5} more` : ''}`
}

interface JobVersion {
  readonly jobId: string
  readonly jobName: string
  readonly jobVersion: number
}

type NamingNode = JobVersion & { readonly id: string; readonly type: 'SOURCE' | 'SINK' }

async function namingNodes(db: Database, name: string, transaction?: Transaction): Promise<NamingNode[]> {
  const rows = await db.query<NamingNode & { readonly connection: string | null }>(
    `SELECT job.job_id AS jobId, job.job_name AS jobName, job.version AS jobVersion,
            node.node_id AS id, node.node_type AS type, JSON_EXTRACT(node.config, '$.connection') AS connection
       FROM etl_graph_node node JOIN etl_job job ON job.job_id = node.job_id
      WHERE job.is_deleted = 0 AND node.node_type <> 'OPERATOR' ORDER BY node.id`,
    {},
    transaction,
  )
  return rows.filter(({ connection }) => isNamed(connection, name))
}

async function unfinishedOf(db: Database, name: string, transaction?: Transaction) {
  const rows = await db.query<JobVersion & { readonly executionId: string; readonly jobGraph: string }>(
    `SELECT execution.job_id AS jobId, execution.job_name AS jobName, execution.job_version AS jobVersion,
            execution.execution_id AS executionId, version.job_graph AS jobGraph
       FROM etl_job_execution execution
       JOIN etl_job_version version ON version.job_id = execution.job_id AND version.job_version = execution.job_version
      WHERE execution.execution_status IN (:unfinished) ORDER BY execution.id`,
    { unfinished: UNFINISHED },
    transaction,
  )
  return rows
    .map(({ jobGraph, ...row }) => ({ ...row, nodes: nodesNaming(JSON.parse(jobGraph) as JobGraph, name) }))
    .filter(({ nodes }) => nodes.length > 0)
}

function nodesNaming({ stream }: JobGraph, name: string): ConnectionUse['nodes'] {
  return stream.nodes.flatMap(({ id, nodeType, config }) =>
    nodeType !== 'OPERATOR' && config.connection === name ? [{ id, type: nodeType }] : [],
  )
}

/** Compared here: a database compares texts without regard to case. */
function isNamed(connection: string | object | null, name: string): boolean {
  return typeof connection === 'string' && (connection === name || connection === JSON.stringify(name))
}
