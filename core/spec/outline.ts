import type { Problem } from '../errors/problem.js'
import type { EdgeType, PartitionStrategy } from '../graph/stream-graph.js'

/**
 * A spec read as far as it can be read, right or wrong: nodes that have an id and a kind, and the references between
 * them. Checks of meaning work on this, so that a wrong setting somewhere hides no other problem.
 */
export interface Outline {
  readonly nodes: readonly OutlineNode[]
  readonly references: readonly OutlineReference[]
}

export interface OutlineNode {
  readonly index: number
  readonly id: string
  readonly kind: 'source' | 'operator' | 'sink'
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly raw: Readonly<Record<string, unknown>>
}

/** `port` null: not said. */
export interface OutlineReference {
  readonly pointer: string
  readonly from: string
  readonly to: string
  readonly port: string | null
  /** Place in a list of `inputs`. */
  readonly position: number | null
  readonly spelled: SpelledEdge | null
}

export interface SpelledEdge {
  readonly index: number
  readonly type: EdgeType | null
  readonly partition: PartitionStrategy | null
  readonly key: readonly string[]
  readonly expression: string | null
}

export function readOutline(raw: Readonly<Record<string, unknown>>): {
  outline: Outline
  problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const nodes: OutlineNode[] = []
  const references: OutlineReference[] = []
  for (const [index, value] of listOf(raw.nodes).entries()) {
    if (!isObject(value)) continue
    const pointer = `/nodes/${index}`
    const node = readNode(value, index)
    if ('code' in node) problems.push(node)
    else nodes.push(node)
    if (typeof value.id === 'string') references.push(...readInputs(value, value.id, pointer, problems))
  }
  for (const [index, value] of listOf(raw.edges).entries()) {
    const edge = isObject(value) ? readEdge(value, index) : null
    if (edge !== null) references.push(edge)
  }
  return { outline: { nodes, references }, problems }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NODE_KINDS = ['source', 'operator', 'sink'] as const

function readNode(value: Readonly<Record<string, unknown>>, index: number): OutlineNode | Problem {
  const pointer = `/nodes/${index}`
  const id = typeof value.id === 'string' ? value.id : ''
  const given = NODE_KINDS.filter((kind) => value[kind] !== undefined)
  const kind = given[0]
  if (given.length !== 1 || kind === undefined) {
    const message =
      given.length === 0
        ? 'A node needs one of `source`, `operator` and `sink`.'
        : `A node is one thing only, and this one has \`${given.join('` and `')}\`.`
    return { pointer, nodeId: id || null, code: 'spec.invalid', message, hint: null }
  }
  const name = value[kind]
  const config = isObject(value.config) ? value.config : {}
  return { index, id, kind, name: typeof name === 'string' ? name : '', config, raw: value }
}

function readInputs(
  value: Readonly<Record<string, unknown>>,
  to: string,
  pointer: string,
  problems: Problem[],
): OutlineReference[] {
  const { input, inputs } = value
  const reference = (from: unknown, at: string, port: string | null, position: number | null) =>
    typeof from === 'string' ? [{ pointer: `${pointer}${at}`, from, to, port, position, spelled: null }] : []
  if (input !== undefined && inputs !== undefined) {
    problems.push({
      pointer: `${pointer}/input`,
      nodeId: to,
      code: 'spec.invalid',
      message: 'Give `input` or `inputs`, not both.',
      hint: null,
    })
  }
  const single = reference(input, '/input', null, null)
  if (Array.isArray(inputs))
    return [...single, ...inputs.flatMap((from, index) => reference(from, `/inputs/${index}`, null, index))]
  if (!isObject(inputs)) return single
  return [
    ...single,
    ...Object.entries(inputs).flatMap(([port, from]) => reference(from, `/inputs/${port}`, port, null)),
  ]
}

function readEdge(value: Readonly<Record<string, unknown>>, index: number): OutlineReference | null {
  const { from, to, port, type, partition, key, expression } = value
  if (typeof from !== 'string' || typeof to !== 'string') return null
  const spelled: SpelledEdge = {
    index,
    type: typeof type === 'string' ? (type as EdgeType) : null,
    partition: typeof partition === 'string' ? (partition as PartitionStrategy) : null,
    key: listOf(key).filter((column) => typeof column === 'string'),
    expression: typeof expression === 'string' ? expression : null,
  }
  return { pointer: `/edges/${index}`, from, to, port: typeof port === 'string' ? port : null, position: null, spelled }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
