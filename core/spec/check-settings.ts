/** Which settings of a job do not go together, and what a schedule names that there is not. */
import type { Problem } from '../errors/problem.js'
import { nearestHint } from './nearest.js'
import { isObject, type Outline } from './outline.js'
import { defaultMaxParallelism } from './settings.js'

type Raw = Readonly<Record<string, unknown>>

export function checkSettings(raw: Raw, outline: Outline): Problem[] {
  return [...settingsTogether(raw, outline), ...tooMany(raw, outline), ...scheduleTogether(raw)]
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

function scheduleTogether(raw: Raw): Problem[] {
  const { schedule } = raw
  if (!isObject(schedule)) return []
  const found: Problem[] = []
  const refuse = (pointer: string, message: string, hint: string | null) =>
    found.push({ pointer, nodeId: null, code: 'spec.invalid', message, hint })
  if (typeof schedule.timezone === 'string' && !isTimeZone(schedule.timezone)) {
    refuse(
      '/schedule/timezone',
      `There is no time zone \`${schedule.timezone}\`.`,
      nearestHint(schedule.timezone, Intl.supportedValuesOf('timeZone')),
    )
  }
  const on = Array.isArray(schedule.on) ? schedule.on.indexOf(raw.name) : -1
  if (on >= 0) refuse(`/schedule/on/${on}`, 'A job cannot wait for itself.', null)
  const declared = isObject(raw.parameters) ? Object.keys(raw.parameters) : []
  for (const name of isObject(schedule.parameters) ? Object.keys(schedule.parameters) : []) {
    if (!declared.includes(name))
      refuse(
        `/schedule/parameters/${name}`,
        `The job has no parameter \`${name}\`.`,
        nearestHint(name, declared) ?? 'Declare it under `parameters`.',
      )
  }
  return found
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
