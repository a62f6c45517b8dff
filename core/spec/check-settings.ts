/** Which settings of a job do not go together. */
import type { Problem } from '../errors/problem.js'
import { checkSchedule } from './check-schedule.js'
import type { Outline } from './outline.js'
import { defaultMaxParallelism } from './settings.js'

type Raw = Readonly<Record<string, unknown>>

export function checkSettings(raw: Raw, outline: Outline): Problem[] {
  return [...settingsTogether(raw, outline), ...tooMany(raw, outline), ...checkSchedule(raw)]
}

function settingsTogether(raw: Raw, outline: Outline): Problem[] {
  const found: Problem[] = []
  const refuse = (pointer: string, message: string, hint: string | null) =>
    found.push({ pointer, nodeId: null, code: 'spec.invalid', message, hint })
  if (raw.positions === 'CONTINUE' && Number(raw.maxConcurrentRuns ?? 1) > 1) {
    refuse(
      '/maxConcurrentRuns',
      '`positions: CONTINUE` goes with one execution at a time.',
      'Leave `maxConcurrentRuns` out.',
    )
  }
  if (outline.nodes.length > 0 && outline.nodes.every((node) => node.kind !== 'sink'))
    refuse('/nodes', 'The job has no sink.', 'Add a node with `sink: file` or `sink: jdbc`.')
  if (outline.nodes.length > 0 && outline.nodes.every((node) => node.kind !== 'source'))
    refuse('/nodes', 'The job has no source.', 'Add a node with `source: file` or `source: jdbc`.')
  return found
}

/** Each key group is with one subtask: more subtasks than groups would have none. */
function tooMany(raw: Raw, outline: Outline): Problem[] {
  const most = typeof raw.maxParallelism === 'number' ? raw.maxParallelism : defaultMaxParallelism
  const asked = [
    { pointer: '/parallelism', nodeId: null, parallelism: raw.parallelism },
    ...outline.nodes.map(({ index, id, raw: node }) => ({
      pointer: `/nodes/${index}/parallelism`,
      nodeId: id,
      parallelism: node.parallelism,
    })),
  ]
  return asked.flatMap(({ pointer, nodeId, parallelism }) =>
    typeof parallelism === 'number' && parallelism > most
      ? [
          {
            pointer,
            nodeId,
            code: 'spec.invalid',
            message: `${parallelism} subtasks are more than \`maxParallelism\`, which is ${most}.`,
            hint: 'Lower it, or raise `maxParallelism`.',
          },
        ]
      : [],
  )
}
