/** What a schedule names that there is not: a cron expression's values, a time zone, a parameter; and whether it ever comes true. */
import type { JobError } from '../errors/job-error.js'
import type { Problem } from '../errors/problem.js'
import { nextTimes } from '../schedule/next-times.js'
import { parseCron } from '../schedule/parse-cron.js'
import { openZone } from '../schedule/zone.js'
import { zoneHint } from '../schedule/zone-names.js'
import { nearestHint } from './nearest.js'
import { isObject } from './outline.js'
import { normaliseValue } from './parameter-values.js'
import { references } from './parameters.js'
import type { ParameterType } from './settings.js'

type Raw = Readonly<Record<string, unknown>>

export function checkSchedule(raw: Raw): Problem[] {
  const { schedule } = raw
  if (!isObject(schedule)) return []
  const found: Problem[] = []
  const refuse = (pointer: string, message: string, hint: string | null) =>
    found.push({ pointer, nodeId: null, code: 'spec.invalid', message, hint })
  if (schedule.type === 'CRON' && typeof schedule.cron === 'string' && schedule.cron.trim() !== '') {
    const parsed = parseCron(schedule.cron)
    if (!parsed.ok) for (const { message, hint } of parsed.problems) refuse('/schedule/cron', message, hint)
  }
  const { timezone } = schedule
  if (typeof timezone === 'string' && openZone(timezone) === null)
    refuse('/schedule/timezone', `There is no time zone \`${timezone}\`.`, zoneHint(timezone))
  const { startAt, endAt } = schedule
  if (typeof startAt === 'string' && typeof endAt === 'string' && Date.parse(endAt) < Date.parse(startAt))
    refuse('/schedule/endAt', 'It ends before it starts.', null)
  const on = Array.isArray(schedule.on) ? schedule.on.indexOf(raw.name) : -1
  if (on >= 0) refuse(`/schedule/on/${on}`, 'A job cannot wait for itself.', null)
  const declarations = isObject(raw.parameters) ? raw.parameters : {}
  const declared = Object.keys(declarations)
  const given = isObject(schedule.parameters) ? schedule.parameters : {}
  for (const [name, declaration] of Object.entries(declarations)) {
    if (!isObject(declaration) || declaration.default !== undefined || Object.hasOwn(given, name)) continue
    const hint = `Give it one under \`schedule.parameters\`, or a default.`
    refuse('/schedule', `The schedule starts nothing without a value for the parameter \`${name}\`.`, hint)
  }
  for (const [name, value] of Object.entries(given)) {
    const fault = valueFault(name, declarations[name], value)
    if (fault !== null) refuse(`/schedule/parameters/${name}`, fault.message, fault.hint ?? null)
  }
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

/** What stands for something is judged once it is known. */
function valueFault(name: string, declaration: unknown, value: unknown): Pick<JobError, 'message' | 'hint'> | null {
  if (!isObject(declaration) || !isParameterType(declaration.type)) return null
  if (typeof value === 'string' && value.includes('${')) return neverFits(name, declaration.type, value)
  try {
    normaliseValue(name, declaration.type, value)
    return null
  } catch (error) {
    return error as JobError
  }
}

/** What can stand around, or between, what is not known yet. */
const AROUND: Readonly<Partial<Record<ParameterType, RegExp>>> = {
  INT: /^[-+\d\s]*$/,
  DECIMAL: /^[-+\d.eE\s]*$/,
  BOOLEAN: /^[truefals\s]*$/i,
}

function neverFits(name: string, type: ParameterType, text: string): Pick<JobError, 'message' | 'hint'> | null {
  const placed = references(text)
  const known = placed.find(({ reference: { kind } }) => kind === 'executionId' || kind === 'logicalTime')
  const isTime = type === 'DATE' || type === 'TIMESTAMP'
  const isNever = type !== 'STRING' && known !== undefined && !(isTime && known.reference.kind === 'logicalTime')
  const around = placed.reduce((rest, { text: one }) => rest.replace(one, ''), text)
  if (!isNever && (AROUND[type]?.test(around) ?? true)) return null
  const hint =
    known?.reference.kind === 'logicalTime' ? 'Declare it as TIMESTAMP, DATE or STRING.' : 'Declare it as STRING.'
  return { message: `The parameter \`${name}\` is of type ${type}, which '${text.slice(0, 60)}' can never be.`, hint }
}

function isParameterType(type: unknown): type is ParameterType {
  return ['STRING', 'INT', 'DECIMAL', 'BOOLEAN', 'DATE', 'TIMESTAMP'].includes(String(type))
}

/** Any year of the 400 after which the calendar repeats itself will do. */
const WHOLE_CALENDAR = { from: Date.UTC(1969, 11, 31), count: 1, lastYear: 2369 }

export function warnOfSchedule({ schedule }: Raw): Problem[] {
  if (!isObject(schedule) || schedule.type !== 'CRON' || typeof schedule.cron !== 'string') return []
  const parsed = parseCron(schedule.cron)
  if (!parsed.ok || nextTimes(parsed.cron, openZone('UTC')!, WHOLE_CALENDAR).length > 0) return []
  const message = 'The calendar has no such day, so the schedule never starts anything.'
  return [{ pointer: '/schedule/cron', nodeId: null, code: 'schedule.never', message, hint: null }]
}
