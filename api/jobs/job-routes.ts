/** Jobs: saved after they compile, every version kept. */
import { isDeepStrictEqual } from 'node:util'
import { jsonSchemaOf } from '../../core/config/schema.js'
import { JobError } from '../../core/errors/job-error.js'
import { explainJson } from '../../core/graph/explain.js'
import type { JobGraph } from '../../core/graph/job-graph.js'
import { redact, type SchemaNode } from '../../core/security/secret-fields.js'
import { maskGraph, maskSentSpec, maskSpec } from '../../core/security/spec-secrets.js'
import { jobSpec } from '../../core/spec/schema.js'
import type { JobRecord } from '../../models/stores/job-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import { noQuery, versionQuery } from '../http/schema.js'
import { scheduleIdOf } from '../schedules/after-save.js'
import { restoreMasked } from './restore-masked.js'
import { type Compiled, compile, saveSpec } from './save-spec.js'
import {
  explained,
  graph,
  graphQuery,
  job,
  jobBody,
  jobList,
  jobParams,
  jobQuery,
  savedJob,
  validated,
  versionList,
  versionsQuery,
} from './schema.js'

type Spec = Readonly<Record<string, unknown>>

const tag = 'Jobs'
const audit = (operation: string) => ({ operation, resource: 'JOB' })

export const jobRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/jobs',
    tag,
    summary: 'Jobs, newest first.',
    query: jobQuery,
    status: 200,
    response: jobList,
    handle: async ({ query }, deps) => {
      const { name, nameContains, ...rest } = pageRequest(query)
      if (name === undefined) return { body: await deps.jobs.list({ ...rest, name: nameContains }) }
      const found = await deps.jobs.findByName(name)
      return { body: { items: found === null ? [] : [summaryOf(found)], nextCursor: null } }
    },
  }),
  route({
    method: 'post',
    path: '/jobs',
    tag,
    summary: 'Saves a new job. Every problem of the spec is answered at once, with its place.',
    audit: audit('CREATE_JOB'),
    auditBody: maskedBody,
    idempotent: true,
    body: jobBody,
    status: 201,
    response: savedJob,
    handle: async (call, deps) => {
      const { kind: _kind, ...spec } = call.body
      const { jobId, warnings } = await saveSpec(spec, null, callerOf(call), deps)
      const headers = { Location: `/api/v1/jobs/${jobId}` }
      return { body: answerOf(await deps.jobs.get(jobId), warnings, deps), resourceId: jobId, headers }
    },
  }),
  route({
    method: 'get',
    path: '/jobs/{jobId}',
    tag,
    summary: 'One job with its spec.',
    params: jobParams,
    query: noQuery,
    status: 200,
    response: job,
    handle: async ({ params }, deps) => {
      const found = await deps.jobs.get(params.jobId)
      return {
        body: { ...summaryOf(found), spec: maskSpec(found.spec, deps.configSchemas) },
        headers: { ETag: `"${found.version}"` },
      }
    },
  }),
  route({
    method: 'put',
    path: '/jobs/{jobId}',
    tag,
    summary: 'Saves a new version, if the spec differs; needs the present version (`version` or If-Match).',
    audit: audit('UPDATE_JOB'),
    auditBody: maskedBody,
    versioned: true,
    params: jobParams,
    query: versionQuery,
    body: jobBody,
    status: 200,
    response: savedJob,
    handle: updateJob,
  }),
  route({
    method: 'delete',
    path: '/jobs/{jobId}',
    tag,
    summary: 'Deletes a job that is not running; its versions and executions stay.',
    audit: audit('DELETE_JOB'),
    params: jobParams,
    query: versionQuery,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      const { jobId } = call.params
      const before = await scheduleIdOf(jobId, deps)
      await deps.jobs.softDelete(jobId, callerOf(call).userId, call.version ?? undefined)
      if (before !== null) deps.keeper.follow(jobId, before)
      return {}
    },
  }),
  route({
    method: 'get',
    path: '/jobs/{jobId}/versions',
    tag,
    summary: 'Every saved version, newest first.',
    params: jobParams,
    query: versionsQuery,
    status: 200,
    response: versionList,
    handle: async ({ params, query }, deps) => {
      await deps.jobs.get(params.jobId)
      const { items, nextCursor } = await deps.jobs.versions(params.jobId, pageRequest(query))
      const shown = items.map(({ settings: _settings, spec, ...rest }) => ({
        ...rest,
        spec: maskSpec(spec, deps.configSchemas),
      }))
      return { body: { items: shown, nextCursor } }
    },
  }),
  route({
    method: 'get',
    path: '/jobs/{jobId}/graph',
    tag,
    summary: 'Stream graph and job graph: chains, and the rule that refused each other one.',
    params: jobParams,
    query: graphQuery,
    status: 200,
    response: graph,
    handle: async ({ params, query }, deps) => {
      const found = await deps.jobs.graph(params.jobId, query.version)
      return { body: shown(found, deps) }
    },
  }),
  route({
    method: 'post',
    path: '/jobs/validate',
    tag,
    summary: 'Checks a spec without saving it: shape, meaning, types.',
    body: jobBody,
    status: 200,
    response: validated,
    handle: async ({ body }, deps) => {
      const { settings, warnings } = await compile(body, deps)
      return { body: { valid: true as const, name: settings.name, warnings: [...warnings] } }
    },
  }),
  route({
    method: 'post',
    path: '/jobs/explain',
    tag,
    summary: 'The graphs that a spec would have.',
    body: jobBody,
    status: 200,
    response: explained,
    handle: async ({ body }, deps) => {
      const { graph: compiled, warnings } = await compile(body, deps)
      return { body: { ...shown(compiled, deps), warnings: [...warnings] } }
    },
  }),
]

async function updateJob(call: Call<{ jobId: string }, unknown, Spec>, deps: ApiDeps) {
  const { jobId } = call.params
  const known = await deps.jobs.get(jobId)
  const version = call.version ?? known.version
  if (version !== known.version) {
    throw new JobError('conflict', `The job was changed in the meantime; its version is ${known.version}`, {
      pointer: '/version',
    })
  }
  const { version: _version, kind: _kind, ...given } = call.body
  const spec = restoreMasked(given, known.spec, deps.configSchemas)
  // What says the same needs no compiling and no new version.
  if (isDeepStrictEqual(spec, known.spec)) return { body: answerOf(known, [], deps) }
  const { warnings } = await saveSpec(spec, { jobId, version }, callerOf(call), deps)
  return { body: answerOf(await deps.jobs.get(jobId), warnings, deps) }
}

function summaryOf(record: JobRecord) {
  const { spec: _spec, settings: _settings, ...summary } = record
  return { ...summary, tags: [...summary.tags] }
}

function answerOf(record: JobRecord, warnings: Compiled['warnings'], deps: ApiDeps) {
  return { ...summaryOf(record), spec: maskSpec(record.spec, deps.configSchemas), warnings: [...warnings] }
}

function shown(compiled: JobGraph, deps: ApiDeps) {
  return redact(explainJson(maskGraph(compiled, deps.configSchemas))) as { streamGraph: Spec; jobGraph: Spec }
}

const shape = jsonSchemaOf(jobSpec) as SchemaNode
/** Beside the spec: `version`, where a job is changed. */
const sentShape: SchemaNode = { ...shape, properties: { ...shape.properties, version: { type: 'integer' } } }

function maskedBody(body: unknown, deps: ApiDeps): unknown {
  return typeof body === 'object' && body !== null ? maskSentSpec(body, sentShape, deps.configSchemas) : body
}
