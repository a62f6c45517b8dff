import type { JobGraph } from './job-graph.js'
import type { StreamEdge, StreamNode } from './stream-graph.js'

/** Shows a graph to people: what the user wrote, which chains run, and why the others are not fused. */
export type ExplainFormat = 'text' | 'dot' | 'mermaid' | 'json'

export function explainGraph(graph: JobGraph, format: ExplainFormat): string {
  switch (format) {
    case 'text':
      return explainText(graph)
    case 'dot':
      return explainDot(graph)
    case 'mermaid':
      return explainMermaid(graph)
    case 'json':
      return JSON.stringify(explainJson(graph), null, 2)
  }
}

export function explainJson(graph: JobGraph) {
  const { stream, ...job } = graph
  return { streamGraph: stream, jobGraph: job }
}

function explainText(graph: JobGraph): string {
  const { stream, vertices, phases, notChained } = graph
  const lines = ['Nodes']
  for (const node of stream.nodes) lines.push(`  ${labelOf(node)}: ${columnsOf(node)}`)
  lines.push('', 'Edges')
  for (const edge of stream.edges) lines.push(`  ${edge.id}  ${wayOf(edge)}`)
  lines.push('', 'Chains')
  for (const vertex of vertices) lines.push(`  ${vertex.name}  (${subtasks(vertex.parallelism)})`)
  if (notChained.length > 0) lines.push('', 'Not chained')
  for (const { edgeId, rule, reason } of notChained) lines.push(`  ${edgeId}  ${rule}: ${reason}`)
  lines.push('', 'Phases')
  for (const phase of phases) {
    const stages = phase.stages.map((stage) => stage.join(' + ')).join(', then ')
    lines.push(`  ${phase.number}. ${stages}${phase.fills.length > 0 ? `, to fill ${phase.fills.join(', ')}` : ''}`)
  }
  return `${lines.join('\n')}\n`
}

function explainDot({ stream, vertices }: JobGraph): string {
  const byId = new Map(stream.nodes.map((node) => [node.id, node]))
  const lines = ['digraph job {', '  rankdir=LR', '  node [shape=box]']
  for (const [index, vertex] of vertices.entries()) {
    lines.push(`  subgraph cluster_${index} {`, `    label=${quoted(vertex.id)}`)
    for (const id of vertex.chain) lines.push(`    ${quoted(id)} [label=${quoted(labelOf(byId.get(id)!))}]`)
    lines.push('  }')
  }
  for (const edge of stream.edges) {
    lines.push(
      `  ${quoted(edge.from)} -> ${quoted(edge.to)} [label=${quoted(wayOf(edge))}${edge.blocking ? ', style=dashed' : ''}]`,
    )
  }
  return `${[...lines, '}'].join('\n')}\n`
}

function explainMermaid({ stream, vertices }: JobGraph): string {
  const byId = new Map(stream.nodes.map((node) => [node.id, node]))
  const names = new Map(stream.nodes.map((node, index) => [node.id, `n${index}`]))
  const lines = ['flowchart LR']
  for (const [index, vertex] of vertices.entries()) {
    lines.push(`  subgraph v${index}["${vertex.id}"]`)
    for (const id of vertex.chain) lines.push(`    ${names.get(id)}["${labelOf(byId.get(id)!)}"]`)
    lines.push('  end')
  }
  for (const edge of stream.edges) {
    const arrow = edge.blocking ? '-.->' : '-->'
    lines.push(`  ${names.get(edge.from)} ${arrow}|"${wayOf(edge)}"| ${names.get(edge.to)}`)
  }
  return `${lines.join('\n')}\n`
}

function labelOf(node: StreamNode): string {
  return `${node.id} (${node.nodeType === 'OPERATOR' ? '' : `${node.nodeType.toLowerCase()} `}${node.kind})`
}

function columnsOf(node: StreamNode): string {
  return node.schema.map((column) => `${column.name} ${column.type}`).join(', ') || 'no columns known'
}

function wayOf(edge: StreamEdge): string {
  const how = edge.partitionStrategy === null ? '' : `/${edge.partitionStrategy}`
  const by = edge.key.length > 0 ? ` on ${edge.key.join(', ')}` : ''
  return `${edge.edgeType}${how}${by}${edge.blocking ? ', read first' : ''}`
}

function subtasks(parallelism: number): string {
  return parallelism === 1 ? '1 subtask' : `${parallelism} subtasks`
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
