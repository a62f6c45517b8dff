import type { Problem } from '../errors/problem.js'
import type { Catalogue, JobType, KnownPort } from './catalogue.js'
import { nearestHint } from './nearest.js'
import type { Outline, OutlineNode, OutlineReference, SpelledEdge } from './outline.js'

/** Turns `input`, `inputs` and `edges` into edges between ports, and says which references lead nowhere. */
export interface SpecEdge {
  readonly from: string
  readonly output: 'main' | 'late'
  readonly to: string
  readonly port: string
  readonly blocking: boolean
  readonly pointer: string
  readonly spelled: SpelledEdge | null
}

export function resolveEdges(
  outline: Outline,
  catalogue: Catalogue,
  mode: JobType,
): { edges: SpecEdge[]; problems: Problem[] } {
  const nodes = new Map(outline.nodes.toReversed().map((node) => [node.id, node]))
  const resolver: Resolver = {
    nodes,
    ids: [...nodes.keys()],
    catalogue,
    mode,
    edges: new Map(),
    problems: [],
    unsure: new Set(),
  }
  for (const reference of outline.references) addEdge(reference, resolver)
  for (const node of nodes.values()) findMissingPorts(node, resolver)
  return { edges: [...resolver.edges.values()].flat(), problems: resolver.problems }
}

/** Ports of a node; null: its operator is not known, so anything goes. */
export function portsOf(node: OutlineNode, catalogue: Catalogue): readonly KnownPort[] | 'MANY' | null {
  if (node.kind === 'source') return []
  if (node.kind === 'sink') return [{ name: 'input' }]
  return catalogue.operators.find((operator) => operator.type === node.name)?.ports ?? null
}

interface Resolver {
  readonly nodes: ReadonlyMap<string, OutlineNode>
  readonly ids: readonly string[]
  readonly catalogue: Catalogue
  readonly mode: JobType
  /** By consumer. */
  readonly edges: Map<string, SpecEdge[]>
  readonly problems: Problem[]
  /** Consumers with a reference that leads nowhere: what they lack is not said twice. */
  readonly unsure: Set<string>
}

function addEdge(reference: OutlineReference, resolver: Resolver): void {
  const edges = resolver.edges.get(reference.to) ?? []
  const edge = edgeFor(reference, edges, resolver)
  if (edge === null) return
  if ('message' in edge) {
    const { at = '', message, hint = null } = edge
    resolver.unsure.add(reference.to)
    resolver.problems.push({
      pointer: reference.pointer + at,
      nodeId: reference.to,
      code: 'spec.invalid',
      message,
      hint,
    })
    return
  }
  const index = edges.findIndex((known) => known.port === edge.port)
  if (index < 0) edges.push(edge)
  else edges[index] = edge
  resolver.edges.set(reference.to, edges)
}

interface Refusal {
  readonly message: string
  readonly hint?: string | null
  readonly at?: string
}

/** null: its consumer is missing, and is reported where it should be. */
function edgeFor(
  reference: OutlineReference,
  edges: readonly SpecEdge[],
  resolver: Resolver,
): SpecEdge | Refusal | null {
  const consumer = resolver.nodes.get(reference.to)
  const spelled = reference.spelled !== null
  if (consumer === undefined) {
    if (!spelled) return null
    return {
      message: `There is no node \`${reference.to}\`.`,
      hint: nearestHint(reference.to, resolver.ids),
      at: '/to',
    }
  }
  const producer = findProducer(reference.from, resolver)
  if ('message' in producer) return { ...producer, at: spelled ? '/from' : '' }
  if (producer.node.kind === 'sink')
    return { message: `\`${producer.node.id}\` is a sink, and nothing can be read from it.` }
  if (consumer.kind === 'source') return { message: `\`${consumer.id}\` is a source, and takes no input.` }
  const refined = spelled ? refine(reference, producer, edges) : null
  if (refined !== null) return refined
  const port = choosePort(reference, consumer, edges, resolver)
  if (typeof port === 'string') return { message: port, hint: portHint(reference, consumer, resolver) }
  if (edges.some((edge) => edge.port === port.name)) {
    return {
      message: `The input \`${port.name}\` of \`${consumer.id}\` is given twice.`,
      hint: 'Bring several inputs together with UNION or JOIN.',
    }
  }
  return {
    from: producer.node.id,
    output: producer.output,
    to: consumer.id,
    port: port.name,
    blocking:
      typeof port.blocking === 'function' ? port.blocking(consumer.config, resolver.mode) : port.blocking === true,
    pointer: reference.pointer,
    spelled: reference.spelled,
  }
}

/** Comparing every wrong name with every node would take long in a large spec that is wrong everywhere. */
function nearestId(name: string, { ids, problems }: Resolver): string | null {
  return problems.length < MOST_HINTS ? nearestHint(name, ids) : null
}

const MOST_HINTS = 25

interface Producer {
  readonly node: OutlineNode
  readonly output: 'main' | 'late'
}

function findProducer(from: string, resolver: Resolver): Producer | Refusal {
  const { nodes, catalogue } = resolver
  const node = nodes.get(from)
  if (node !== undefined) return { node, output: 'main' }
  const base = from.endsWith('.late') ? nodes.get(from.slice(0, -'.late'.length)) : undefined
  if (base === undefined) return { message: `There is no node \`${from}\`.`, hint: nearestId(from, resolver) }
  const operator = catalogue.operators.find((known) => known.type === base.name)
  if (base.kind === 'operator' && operator?.late !== false) return { node: base, output: 'late' }
  return { message: `\`${base.id}\` has no second output \`late\`.` }
}

/** An edge spelled out beside `input` says more about the same edge. */
function refine(
  reference: OutlineReference,
  producer: Producer,
  edges: readonly SpecEdge[],
): SpecEdge | Refusal | null {
  const edge = edges.find(
    ({ from, output, port }) =>
      from === producer.node.id && output === producer.output && (reference.port ?? port) === port,
  )
  if (edge === undefined) return null
  if (edge.spelled === null) return { ...edge, spelled: reference.spelled, pointer: reference.pointer }
  return { message: `The edge from \`${reference.from}\` to \`${reference.to}\` is given twice.` }
}

function choosePort(
  reference: OutlineReference,
  consumer: OutlineNode,
  edges: readonly SpecEdge[],
  { catalogue, nodes }: Resolver,
): KnownPort | string {
  const ports = portsOf(consumer, catalogue)
  if (ports === null || ports === 'MANY')
    return { name: reference.port ?? freeName(reference, edges, nodes.get(consumer.id)) }
  if (reference.port !== null) {
    return (
      ports.find((port) => port.name === reference.port) ?? `${labelOf(consumer)} has no input \`${reference.port}\`.`
    )
  }
  if (reference.position !== null)
    return (
      ports[reference.position] ??
      `${labelOf(consumer)} has ${ports.length === 1 ? 'one input' : `${ports.length} inputs`} only.`
    )
  if (ports.length === 1) return ports[0]!
  const free = ports.filter((port) => edges.every((edge) => edge.port !== port.name))
  if (reference.spelled !== null && free.length === 1) return free[0]!
  return `${labelOf(consumer)} has several inputs, and it is not said which one this is.`
}

/** One input is called `input`; of several each goes by the name of its node. */
function freeName(reference: OutlineReference, edges: readonly SpecEdge[], consumer: OutlineNode | undefined): string {
  const inputs = consumer?.raw.inputs
  const alone = reference.position === null ? edges.length === 0 : Array.isArray(inputs) && inputs.length === 1
  const wanted = alone ? 'input' : reference.from
  const taken = new Set(edges.map((edge) => edge.port))
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`
  return name
}

function portHint(reference: OutlineReference, consumer: OutlineNode, { catalogue }: Resolver): string | null {
  const ports = portsOf(consumer, catalogue)
  if (ports === null || ports === 'MANY') return null
  const names = ports.map((port) => port.name)
  if (reference.port !== null) return nearestHint(reference.port, names) ?? `Its inputs: ${names.join(', ')}.`
  if (names.length === 1) return 'Bring several inputs together with UNION or JOIN.'
  return `Write \`inputs: { ${names.map((name) => `${name}: …`).join(', ')} }\`.`
}

function findMissingPorts(node: OutlineNode, { catalogue, edges, problems, unsure }: Resolver): void {
  const ports = portsOf(node, catalogue)
  if (node.kind === 'source' || unsure.has(node.id) || node.id === '') return
  const given = edges.get(node.id) ?? []
  if (given.length === 0 && (node.raw.input !== undefined || node.raw.inputs !== undefined)) return
  const pointer = `/nodes/${node.index}`
  if (ports === null || ports === 'MANY' || ports.length === 1) {
    if (given.length === 0)
      problems.push({
        pointer,
        nodeId: node.id,
        code: 'spec.invalid',
        message: `\`${node.id}\` has no input.`,
        hint: 'Name the node that it reads from with `input`.',
      })
    return
  }
  const missing = ports.filter((port) => given.every((edge) => edge.port !== port.name)).map((port) => port.name)
  if (missing.length === 0) return
  const hint = `Write \`inputs: { ${ports.map((port) => `${port.name}: …`).join(', ')} }\`.`
  problems.push({
    pointer,
    nodeId: node.id,
    code: 'spec.invalid',
    message: `\`${node.id}\` lacks the input \`${missing.join('` and `')}\`.`,
    hint,
  })
}

function labelOf(node: OutlineNode): string {
  return node.kind === 'sink' ? `The sink \`${node.id}\`` : node.name
}
