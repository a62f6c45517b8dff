/** Schedules: part of their jobs, so that a change makes a new version of the job; pausing does not. */
import { JobError } from '../../core/errors/job-error.js'
import { describeCron } from '../../core/schedule/describe-cron.js'
import { fires } from '../../core/schedule/fires.js'
import { parseCron } from '../../core/schedule/parse-cron.js'
import type { ScheduleRecord } from '../../models/stores/schedule-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import { noBody, noQuery, versionQuery } from '../http/schema.js'
import { saveSpec } from '../jobs/save-spec.js'
import { backfillRoutes } from './backfill-routes.js'
import {
  decisionList,
  newSchedule,
  nextQuery,
  nextTimes,
  pageQuery,
  schedule,
  scheduleBody,
  scheduleList,
  scheduleParams,
  scheduleQuery,
  triggered,
  versionBody,
} from './schema.js'

const tag = 'Schedules'
const audit = (operation: string) => ({ operation, resource: 'SCHEDULE' })
type Spec = Readonly<Record<string, unknown>>

export const scheduleRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/schedules',
    tag,
    summary: 'Schedules, newest first; a job has one at most.',
    query: scheduleQuery,
    status: 200,
    response: scheduleList,
    handle: async ({ query }, deps) => {
      const { enabled, ...rest } = pageRequest(query)
      const isEnabled = enabled === undefined ? undefined : enabled === 'true'
      const { items, nextCursor } = await deps.schedules.list({ ...rest, isEnabled })
      return { body: { items: items.map(shown), nextCursor } }
    },
  }),
  route({
    method: 'post',
    path: '/schedules',
    tag,
    summary: 'Gives a job that has none a schedule, with a new version of the job.',
    audit: audit('CREATE_SCHEDULE'),
    body: newSchedule,
    status: 201,
    response: schedule,
    handle: async (call, deps) => {
      const { jobId, schedule: written } = call.body
      const job = await deps.jobs.get(jobId)
      if ((await deps.schedules.backed(jobId)).length > 0)
        throw new JobError('conflict', `Job ${job.name} has a schedule already.`, {
          pointer: '/jobId',
          hint: 'Change that one with PUT, or take it away with DELETE.',
        })
      await saveSpec({ ...job.spec, schedule: written }, job, callerOf(call), deps)
      const made = await ofJob(jobId, deps)
      return { body: shown(made), resourceId: made.scheduleId }
    },
  }),
  route({
    method: 'get',
    path: '/schedules/{scheduleId}',
    tag,
    summary: 'One schedule, and how it stands.',
    params: scheduleParams,
    query: noQuery,
    status: 200,
    response: schedule,
    handle: async ({ params }, deps) => {
      const found = await deps.schedules.get(params.scheduleId)
      return { body: shown(found), headers: { ETag: `"${found.version}"` } }
    },
  }),
  route({
    method: 'put',
    path: '/schedules/{scheduleId}',
    tag,
    summary: 'Changes it, with a new version of its job; needs its present version (`version` or If-Match).',
    audit: audit('UPDATE_SCHEDULE'),
    versioned: true,
    params: scheduleParams,
    query: versionQuery,
    body: scheduleBody,
    status: 200,
    response: schedule,
    handle: async (call, deps) => {
      const jobId = await rewrite(call, (spec) => ({ ...spec, schedule: call.body.schedule }), deps)
      return { body: shown(await ofJob(jobId, deps)) }
    },
  }),
  route({
    method: 'delete',
    path: '/schedules/{scheduleId}',
    tag,
    summary: 'Takes it away, with a new version of its job; what it started stays.',
    audit: audit('DELETE_SCHEDULE'),
    params: scheduleParams,
    query: versionQuery,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      await rewrite(call, ({ schedule: _schedule, ...spec }) => spec, deps)
      return {}
    },
  }),
  route({
    method: 'post',
    path: '/schedules/{scheduleId}/pause',
    tag,
    summary: 'It starts nothing until it goes on.',
    audit: audit('PAUSE_SCHEDULE'),
    params: scheduleParams,
    body: versionBody,
    status: 200,
    response: schedule,
    handle: (call, deps) => setEnabled(call, false, deps),
  }),
  route({
    method: 'post',
    path: '/schedules/{scheduleId}/resume',
    tag,
    summary: 'It goes on; what passed meanwhile is made up for as its `catchUp` says.',
    audit: audit('RESUME_SCHEDULE'),
    params: scheduleParams,
    body: versionBody,
    status: 200,
    response: schedule,
    handle: (call, deps) => setEnabled(call, true, deps),
  }),
  route({
    method: 'post',
    path: '/schedules/{scheduleId}/trigger',
    tag,
    summary: 'Starts its job now, with its parameters; the calendar goes on as it was.',
    audit: audit('TRIGGER_SCHEDULE'),
    idempotent: true,
    params: scheduleParams,
    body: noBody,
    status: 202,
    response: triggered,
    handle: async (call, deps) => {
      const { userId, username } = callerOf(call)
      const asked = { userId, username }
      const started = await deps.schedules.triggerNow(call.params.scheduleId, call.newId, asked)
      await deps.starter.startTriggered([started])
      const executionId = started.executionId!
      const { status } = await deps.executions.get(executionId)
      return { body: { executionId, status }, headers: { Location: `/api/v1/executions/${executionId}` } }
    },
  }),
  route({
    method: 'get',
    path: '/schedules/{scheduleId}/next',
    tag,
    summary: 'When its calendar comes true next, whether it is paused or not.',
    params: scheduleParams,
    query: nextQuery,
    status: 200,
    response: nextTimes,
    handle: async ({ params, query }, deps) => {
      const found = await deps.schedules.get(params.scheduleId)
      const from = query.from === undefined ? deps.now() : Date.parse(query.from)
      return { body: { next: fires(found, from, query.count).map((at) => new Date(at).toISOString()) } }
    },
  }),
  route({
    method: 'get',
    path: '/schedules/{scheduleId}/decisions',
    tag,
    summary: 'Why times of it started nothing, newest first.',
    params: scheduleParams,
    query: pageQuery,
    status: 200,
    response: decisionList,
    handle: async ({ params, query }, deps) => {
      const { items, nextCursor } = await deps.schedules.decisions(params.scheduleId, pageRequest(query))
      return { body: { items: [...items], nextCursor } }
    },
  }),
  ...backfillRoutes,
]

async function setEnabled(call: Call<{ scheduleId: string }>, isEnabled: boolean, deps: ApiDeps) {
  const { scheduleId } = call.params
  const { userId } = callerOf(call)
  await deps.schedules.setEnabled(scheduleId, isEnabled, {
    userId,
    ...(call.version === null ? {} : { version: call.version }),
  })
  const changed = await deps.schedules.get(scheduleId)
  deps.keeper.follow(changed.jobId, scheduleId)
  // What passed meanwhile; it is looked for again later.
  if (isEnabled) void deps.keeper.pass().catch(() => undefined)
  return { body: shown(changed) }
}

/** Answers the id of the job. */
async function rewrite(
  call: Call<{ scheduleId: string }>,
  change: (spec: Spec) => Spec,
  deps: ApiDeps,
): Promise<string> {
  const { jobId, version } = await deps.schedules.get(call.params.scheduleId)
  if (call.version !== null && call.version !== version)
    throw new JobError('conflict', `The schedule was changed in the meantime: it is at version ${version}.`, {
      pointer: '/version',
      hint: 'Read it again and repeat the change.',
    })
  const job = await deps.jobs.get(jobId)
  await saveSpec(change(job.spec as Spec), job, callerOf(call), deps)
  return jobId
}

async function ofJob(jobId: string, { schedules }: ApiDeps): Promise<ScheduleRecord> {
  const [found] = await schedules.backed(jobId)
  if (found === undefined)
    throw new JobError('not.found', 'The schedule is gone.', { hint: 'Somebody has taken it away meanwhile.' })
  return await schedules.get(found.scheduleId)
}

function shown(record: ScheduleRecord) {
  const parsed = record.cron === null ? null : parseCron(record.cron)
  return {
    ...record,
    description: parsed?.ok === true ? describeCron(parsed.cron) : null,
    dependsOn: [...record.dependsOn],
    troubles: [...record.troubles],
  }
}
