import type { NodeFacts } from '../../core/graph/replay-graph.js'
import type { StreamNode } from '../../core/graph/stream-graph.js'
import { MASK } from '../../core/security/secret-fields.js'
import type { EngineParts } from '../../engine/engine.js'
import type { DeadLetterRecord } from '../../models/stores/dead-letter-store.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { jobParams } from '../jobs/schema.js'
import { checkRecord } from './check-record.js'
import { letter, letterChange, letterList, letterParams, letterQuery, replayBody, replays } from './schema.js'

const tag = 'Dead letters'
const audit = (operation: string) => ({ operation, resource: 'DEAD_LETTER' })

export const deadLetterRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/jobs/{jobId}/dead-letters',
    tag,
    summary: 'Records that could not be processed, newest first.',
    params: jobParams,
    query: letterQuery,
    status: 200,
    response: letterList,
    handle: async ({ params, query }, deps) => {
      await deps.jobs.get(params.jobId)
      const { items, nextCursor } = await deps.deadLetters.list(params.jobId, pageRequest(query))
      return { body: { items: items.map(bodyOf), nextCursor } }
    },
  }),
  route({
    method: 'get',
    path: '/dead-letters/{deadLetterId}',
    tag,
    summary: 'One dead letter: the record, where it stood, where it failed and why.',
    params: letterParams,
    query: noQuery,
    status: 200,
    response: letter,
    handle: async ({ params }, deps) => answerOf(await deps.deadLetters.get(params.deadLetterId)),
  }),
  route({
    method: 'patch',
    path: '/dead-letters/{deadLetterId}',
    tag,
    summary: 'Corrects the record, or discards it.',
    audit: audit('EDIT_DEAD_LETTER'),
    // Records stay where they are kept (I6).
    auditBody: (body) => ({ ...(body as object), ...('record' in (body as object) ? { record: MASK } : {}) }),
    params: letterParams,
    body: letterChange,
    status: 200,
    response: letter,
    versioned: true,
    handle: async (call, deps) => {
      const { deadLetterId } = call.params
      const { record, status } = call.body
      if (record != null) await checkRecord(await deps.deadLetters.get(deadLetterId), record, deps)
      const change = record === undefined ? { status: status ?? 'NEW' } : { record }
      return answerOf(await deps.deadLetters.change(deadLetterId, call.version, change, callerOf(call).userId))
    },
  }),
  route({
    method: 'post',
    path: '/dead-letters/replay',
    tag,
    summary:
      'Runs dead letters through the part of the job that they have not been through, in executions of their own.',
    audit: audit('REPLAY_DEAD_LETTERS'),
    idempotent: true,
    body: replayBody,
    status: 202,
    response: replays,
    handle: async (call, deps) => {
      const { ids, jobId = '', filter, version } = call.body
      const which = ids === undefined ? { jobId, ...filter } : { ids: [...new Set(ids)] }
      if ('jobId' in which) await deps.jobs.get(which.jobId)
      const done = await deps.deadLetters.replay({
        requestId: call.newId,
        which,
        version,
        facts: factsOf(deps.parts),
        createdBy: callerOf(call).userId,
      })
      for (const { executionId, jobId: of, isNew } of done.replays)
        if (isNew) deps.starter.start({ executionId, jobId: of, trigger: 'REPLAY' })
      const started = done.replays.map(({ executionId, status, deadLetters }) => ({ executionId, status, deadLetters }))
      const refused = done.refused.map((one) => ({ ...one, deadLetterIds: [...one.deadLetterIds] }))
      return { body: { replays: started, refused, left: done.left }, ...resourceOf(started) }
    },
  }),
]

function answerOf(record: DeadLetterRecord) {
  return { body: bodyOf(record), headers: { ETag: `"${record.version}"` } }
}

function bodyOf(record: DeadLetterRecord) {
  const { recordForm, sourcePosition } = record
  return { ...record, recordForm: recordForm as never, sourcePosition: sourcePosition as never }
}

function resourceOf(started: readonly { readonly executionId: string }[]) {
  return started[0] === undefined ? {} : { resourceId: started[0].executionId }
}

/** What operators and connectors say of themselves; of one that is not known here, nothing is believed. */
function factsOf({ operators, connectors }: EngineParts): NodeFacts {
  const operatorOf = ({ kind }: StreamNode) => operators.find(({ type }) => type === kind)
  const sinkOf = ({ kind }: StreamNode) => connectors.find(({ name }) => name === kind)?.sink
  return {
    takesAlone: (node) => operatorOf(node)?.takesAlone?.(node.config) === true,
    replaces: (node) => sinkOf(node)?.replaces?.(node.config) === true,
  }
}
