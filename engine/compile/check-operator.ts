/** What is wrong with the expressions and columns that a node or an edge names. */
import { isJobError, toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { Session } from '../../duckdb/session.js'
import { partitionConfig } from '../config.js'
import { queryTables, tryResolveConfig } from '../resolve-config.js'
import { type BoundInput, bindExpression, bindOperator } from './bind-node.js'
import { findConditionFaults, findFaults } from './blame.js'
import { type Answer, type Looking, placed, type SpecNode } from './check-node.js'

export async function checkOperator(
  spec: SpecNode,
  inputs: readonly BoundInput[],
  session: Session,
  looking: Looking,
): Promise<Answer> {
  const { node, pointer } = spec
  const { mode, values } = looking
  const operator = looking.parts.operators.find((candidate) => candidate.type === node.kind)
  if (operator === undefined) return { schema: null, problems: [] }
  const resolved = await tryResolveOperator(spec, inputs, looking)
  if (!resolved.ok) return { schema: null, problems: resolved.problems }
  const { config } = resolved
  const { adds = [] } = operator
  const seen = inputs.map((input) => ({ ...input, schema: withAdded(input.schema, adds) }))
  const suspect = { nodeId: node.id, schema: operator.config, config, inputs: seen }
  const place = (faults: readonly Omit<Problem, 'nodeId'>[]): Problem[] =>
    faults.map((fault) => ({ ...fault, nodeId: node.id, pointer: `${pointer}/config${fault.pointer}` }))
  try {
    const { schema, call } = await bindOperator(
      session,
      operator,
      config,
      { nodeId: node.id, mode, at: values.now ?? values.logicalTime },
      inputs,
    )
    if (call !== null) await looking.parts.functions.check(call.reference, looking.signal)
    const problems = place(await findConditionFaults(session, suspect))
    return { schema, problems, config }
  } catch (error) {
    if (!isJobError(error)) throw error
    return { schema: null, problems: place(await findFaults(session, suspect, error)) }
  }
}

/** What the operator's expressions see. */
function withAdded(schema: Schema, adds: Schema): Schema {
  const isNew = (name: string) => schema.every((column) => !sameName(column.name, name))
  return [...schema, ...adds.filter(({ name }) => isNew(name))]
}

/** Its config alone, for a node whose inputs are not known. */
export async function tryResolveOperator(
  { node, pointer }: SpecNode,
  inputs: readonly { readonly port: string }[],
  { parts, values }: Looking,
) {
  const operator = parts.operators.find((candidate) => candidate.type === node.kind)
  if (operator === undefined) return { ok: false as const, problems: [] }
  const tables = queryTables(inputs.map((input) => input.port))
  const resolved = await tryResolveConfig(operator.config, node.config, { ...values, tables }, parts)
  return resolved.ok
    ? resolved
    : { ok: false as const, problems: placed(resolved.problems, node.id, `${pointer}/config`) }
}

/** The expression of a CUSTOM edge gives the number of a subtask. */
export async function checkPartition(
  edge: { readonly nodeId: string; readonly pointer: string; readonly schema: Schema; readonly expression: string },
  session: Session,
  { parts, values }: Looking,
): Promise<Problem[]> {
  const { nodeId, pointer, schema, expression } = edge
  const resolved = await tryResolveConfig(partitionConfig, { expression }, values, parts)
  if (!resolved.ok) return placed(resolved.problems, nodeId, pointer)
  const place = { pointer: `${pointer}/expression`, nodeId, hint: null }
  try {
    const type = await bindExpression(session, resolved.config.expression, nodeId, [
      { port: 'input', schema, time: null, watermarks: [] },
    ])
    if (/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/.test(type)) return []
    return [
      {
        ...place,
        code: 'sql.invalid',
        message: `The number of a subtask must be a whole number, and this is ${type}.`,
      },
    ]
  } catch (error) {
    const { code, message, hint = null } = toJobError(error)
    return [{ ...place, code, message, hint }]
  }
}

/** Columns that are named beside `config`: of event time, of an edge's key. */
export function columnProblem(name: string, schema: Schema, nodeId: string, pointer: string): Problem | null {
  const names = schema.map((column) => column.name)
  if (names.some((known) => sameName(known, name))) return null
  const hint = nearestHint(name, names) ?? `There are: ${names.join(', ')}.`
  return { pointer, nodeId, code: 'sql.invalid', message: `There is no column \`${name}\` here.`, hint }
}
