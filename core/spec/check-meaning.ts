import type { Problem } from '../errors/problem.js'
import { findCycles } from '../graph/order.js'
import { checkBuildSides } from './check-build-sides.js'
import { warnOfSchedule } from './check-schedule.js'
import { checkSettings } from './check-settings.js'
import type { Meaning } from './meaning.js'
import { nearestHint } from './nearest.js'
import type { OutlineNode } from './outline.js'

export function checkMeaning(meaning: Meaning): Problem[] {
  return [
    ...duplicateIds(meaning),
    ...unknownNames(meaning),
    ...cycles(meaning),
    ...edgeConflicts(meaning),
    ...modes(meaning),
    ...checkBuildSides(meaning),
    ...checkSettings(meaning.raw, meaning.outline),
  ]
}

/** Worth saying, and no reason to refuse the job. */
export function findWarnings({ raw, outline, edges }: Meaning): Problem[] {
  const warnings = warnOfSchedule(raw)
  const read = new Set(edges.map((edge) => edge.from))
  for (const node of outline.nodes) {
    if (node.kind === 'sink' || read.has(node.id)) continue
    const message = `Nothing reads from \`${node.id}\`, so it does not run.`
    warnings.push({ pointer: `/nodes/${node.index}`, nodeId: node.id, code: 'node.unused', message, hint: null })
  }
  return warnings
}

function duplicateIds({ outline }: Meaning): Problem[] {
  const seen = new Map<string, number>()
  return outline.nodes.flatMap((node) => {
    const first = seen.get(node.id)
    if (first === undefined || node.id === '') {
      seen.set(node.id, node.index)
      return []
    }
    return problem(
      node,
      '/id',
      `The id \`${node.id}\` is taken by node ${first + 1} of the list.`,
      'Give each node an id of its own.',
    )
  })
}

function unknownNames({ outline, catalogue }: Meaning): Problem[] {
  return outline.nodes.flatMap((node) => {
    if (node.name === '') return []
    if (node.kind === 'operator') {
      const types = catalogue.operators.map((operator) => operator.type)
      return types.includes(node.name) ? [] : unknown(node, 'operator', types)
    }
    const side = node.kind
    const names = catalogue.connectors.filter((connector) => connector[side]).map((connector) => connector.name)
    if (names.includes(node.name)) return []
    const other = catalogue.connectors.some((connector) => connector.name === node.name)
    return other
      ? problem(
          node,
          `/${side}`,
          `The connector \`${node.name}\` is no ${side}.`,
          `As ${side} there are: ${names.join(', ')}.`,
        )
      : unknown(node, side, names)
  })
}

function unknown(node: OutlineNode, kind: string, known: readonly string[]): Problem[] {
  const what = kind === 'operator' ? 'operator' : 'connector'
  return problem(
    node,
    `/${kind}`,
    `There is no ${what} \`${node.name}\`.`,
    nearestHint(node.name, known) ?? `There are: ${known.join(', ')}.`,
  )
}

function cycles({ outline, edges }: Meaning): Problem[] {
  const byId = new Map(outline.nodes.map((node) => [node.id, node]))
  return findCycles([...byId.keys()], edges).flatMap((cycle) => {
    const node = byId.get(cycle[0]!)!
    return problem(
      node,
      '',
      `The nodes form a cycle: ${[...cycle, cycle[0]].join(' → ')}.`,
      'Records flow one way; take out one of these edges.',
    )
  })
}

function edgeConflicts({ raw, outline, edges }: Meaning): Problem[] {
  const fallback = Number(raw.parallelism ?? 1)
  const parallelism = new Map(outline.nodes.map((node) => [node.id, Number(node.raw.parallelism ?? fallback)]))
  return edges.flatMap(({ spelled, from, to, pointer }) => {
    if (spelled === null) return []
    const { type, partition, key, expression } = spelled
    const found: [string, string, string | null][] = []
    const shuffles = type === null || type === 'SHUFFLE'
    if (type === 'FORWARD' && parallelism.get(from) !== parallelism.get(to)) {
      found.push([
        '/type',
        `FORWARD needs the same parallelism on both sides, and \`${from}\` has ${parallelism.get(from)}, \`${to}\` ${parallelism.get(to)}.`,
        'Use SHUFFLE.',
      ])
    }
    if (partition !== null && !shuffles)
      found.push([
        '/partition',
        `An edge of type ${type} is not partitioned.`,
        'Use SHUFFLE, or leave `partition` out.',
      ])
    if (key.length > 0 && (!shuffles || (partition !== null && partition !== 'HASH')))
      found.push(['/key', 'Only HASH goes by a key.', null])
    if (expression !== null && partition !== 'CUSTOM')
      found.push(['/expression', 'Only CUSTOM goes by an expression.', null])
    if (partition === 'CUSTOM' && expression === null)
      found.push(['/partition', 'CUSTOM needs an `expression` that gives the number of the subtask.', null])
    if (partition === 'HASH' && key.length === 0)
      found.push(['/partition', 'HASH needs a `key`: the columns that it goes by.', null])
    return found.map(([at, message, hint]) => ({
      pointer: pointer + at,
      nodeId: to,
      code: 'spec.invalid',
      message,
      hint,
    }))
  })
}

function modes({ raw, outline, catalogue }: Meaning): Problem[] {
  const type = raw.type === 'STREAMING' ? 'STREAMING' : 'BATCH'
  return outline.nodes.flatMap((node) => {
    if (node.kind === 'source') return sourceModes(node, type)
    const operator =
      node.kind === 'operator' ? catalogue.operators.find((known) => known.type === node.name) : undefined
    if (operator !== undefined && !operator.modes.includes(type)) {
      return problem(
        node,
        '/operator',
        `${operator.type} does not work in a ${type} job.`,
        `It works in a ${operator.modes.join(' or ')} job.`,
      )
    }
    if (node.kind === 'sink') return sinkModes(node, raw, type)
    return type === 'STREAMING' ? endless(node) : []
  })
}

/** What would be told only at an end of input that does not come. */
function endless(node: OutlineNode): Problem[] {
  const { name, config } = node
  if (name !== 'JOIN' || config.within !== undefined || (config.type !== 'RIGHT' && config.type !== 'FULL')) return []
  const message = `A ${node.config.type} join tells at the end of input which records have no partner, and a STREAMING job has no end.`
  return problem(node, '/config/type', message, 'Use INNER or LEFT, or say `within` which time partners come.')
}

function sinkModes(node: OutlineNode, raw: Readonly<Record<string, unknown>>, type: string): Problem[] {
  const { mode, singleFile, replaceWhere } = node.config
  const found: Problem[] = []
  const streaming = type === 'STREAMING'
  if (mode === 'REPLACE' && streaming)
    found.push(
      ...problem(
        node,
        '/config/mode',
        'REPLACE needs an end of input, which a STREAMING job has not.',
        'Use APPEND or UPSERT.',
      ),
    )
  if (mode === 'REPLACE' && raw.positions === 'CONTINUE')
    found.push(
      ...problem(
        node,
        '/config/mode',
        'REPLACE would throw away what earlier executions of a job with `positions: CONTINUE` wrote.',
        'Use APPEND or UPSERT, or `positions: FRESH`.',
      ),
    )
  if (singleFile === true && streaming)
    found.push(
      ...problem(
        node,
        '/config/singleFile',
        'A single file is finished at the end of input, which a STREAMING job has not.',
        'Leave `singleFile` out: parts are written into the folder `path`.',
      ),
    )
  if (replaceWhere !== undefined && streaming)
    found.push(
      ...problem(
        node,
        '/config/replaceWhere',
        '`replaceWhere` works at the end of input, which a STREAMING job has not.',
        null,
      ),
    )
  if (replaceWhere !== undefined && mode !== undefined && mode !== 'APPEND')
    found.push(...problem(node, '/config/replaceWhere', '`replaceWhere` goes with the mode APPEND only.', null))
  return found
}

/** A BATCH job needs sources that come to an end. */
function sourceModes(node: OutlineNode, type: string): Problem[] {
  const { rows, watch, interval } = node.config
  if (type !== 'BATCH') return []
  if (node.name === 'generator' && rows === undefined) {
    const message = 'A BATCH job needs an end of input: how many records there are to be.'
    return problem(node, '/config/rows', message, 'Say `rows: 1000`.')
  }
  const endless = node.name === 'file' && watch === true ? 'watch' : interval !== undefined ? 'interval' : null
  if (endless === null) return []
  const message = `A source with \`${endless}\` never comes to an end, and a BATCH job runs until its input ends.`
  return problem(node, `/config/${endless}`, message, 'Leave it out, or say `type: STREAMING`.')
}

function problem(node: OutlineNode, at: string, message: string, hint: string | null): Problem[] {
  return [{ pointer: `/nodes/${node.index}${at}`, nodeId: node.id || null, code: 'spec.invalid', message, hint }]
}
