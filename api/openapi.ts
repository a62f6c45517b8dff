/** OpenAPI 3.1 from the route table and the schemas that validate. */
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi'
import type { GuardedRoute } from './http/route.js'
import { problemDetailsSchema } from './http/schema.js'

export function openApiDocument(routes: readonly GuardedRoute[]): Record<string, unknown> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) }
  const document: ZodOpenApiObject = {
    openapi: '3.1.0',
    info: {
      title: 'ETL framework',
      version: '1.0.0',
      description: 'Jobs, executions, checkpoints, connections. Errors are RFC 9457 problem details.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths: paths as ZodOpenApiPathsObject,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
  return createDocument(document) as unknown as Record<string, unknown>
}

type Part = ZodOpenApiOperationObject['requestParams']
type Media = NonNullable<ZodOpenApiOperationObject['requestBody']>['content']

function operation(route: GuardedRoute): ZodOpenApiOperationObject {
  const success = route.response === null ? {} : { content: content(route.response, route.mediaType) }
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    description: route.access === 'PUBLIC' ? 'Needs no log-in.' : `Needs the role ${route.access}.`,
    ...(route.access === 'PUBLIC' ? { security: [] } : {}),
    requestParams: {
      ...(route.params === undefined ? {} : { path: route.params }),
      ...(route.query === undefined ? {} : { query: route.query }),
    } as NonNullable<Part>,
    ...headersOf(route),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: content(route.body) } }),
    responses: {
      [`${route.status}`]: { description: 'Done.', ...success },
      ...(route.orStatus === undefined ? {} : { [`${route.orStatus}`]: { description: 'Done.', ...success } }),
      default: { description: 'A problem.', content: content(problemDetailsSchema, 'application/problem+json') },
    } as NonNullable<ZodOpenApiOperationObject['responses']>,
  }
}

function headersOf(route: GuardedRoute): Pick<ZodOpenApiOperationObject, 'parameters'> {
  const parameters = [
    ...(route.idempotent === true ? [IDEMPOTENCY_KEY] : []),
    ...(route.versioned === true ? [IF_MATCH] : []),
  ]
  return parameters.length === 0 ? {} : { parameters }
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header' as const,
  required: false,
  description: 'The version that the change is based on, unless `version` says it.',
  schema: { type: 'string' as const },
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same key gives the first answer again.',
  schema: { type: 'string' as const, maxLength: 200 },
}

function content(schema: unknown, mediaType = 'application/json'): Media {
  return { [mediaType]: { schema } } as Media
}

/** `get /jobs/{jobId}/versions` is `getJobsByJobIdVersions`: stable, and unique as paths are. */
function operationId(route: GuardedRoute): string {
  const words = route.path.split('/').filter(Boolean)
  const name = words.map((word) =>
    word.startsWith('{') ? `By${upper(word.slice(1, -1))}` : word.split(/[-.]/).map(upper).join(''),
  )
  return route.method + name.join('')
}

function upper(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
