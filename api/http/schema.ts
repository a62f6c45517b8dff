/** Schemas that many routes share. */
import { z } from 'zod'
import { CODES, type ErrorCode } from '../../core/errors/codes.js'
import { ROLES } from '../../core/security/roles.js'
import { instant } from '../../core/spec/schema.js'

export const id = z.string().min(1).max(64)
export const time = z.string().describe('ISO 8601, UTC.')
export const version = z.coerce
  .number()
  .int()
  .min(1)
  .describe('The version that the change is based on; a stale one is refused with 409.')
export const role = z.enum(ROLES)
export const json = z.record(z.string(), z.unknown())

/** Query of a list. */
export const page = {
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('How many at most.'),
  cursor: z.string().max(500).optional().describe('`nextCursor` of the page before.'),
  sort: z.enum(['-createdAt']).default('-createdAt').describe('Newest first.'),
}
export const timeRange = {
  from: instant('Not before this time.').optional(),
  to: instant('Before this time.').optional(),
}

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

export const noQuery = z.strictObject({})
export const noBody = z.strictObject({}).describe('Nothing.')
export const versionQuery = z.strictObject({ version: version.optional() })

export const problemSchema = z
  .object({
    pointer: z.string().describe('JSON pointer of the field at fault.'),
    nodeId: z.string().nullable(),
    code: z.string(),
    message: z.string(),
    hint: z.string().nullable(),
  })
  .meta({ id: 'Problem' })

export const problemDetailsSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z
      .enum(Object.keys(CODES) as [ErrorCode, ...ErrorCode[]])
      .describe('Stable; what each means and what to do is behind `type`.'),
    hint: z.string().optional(),
    errors: z.array(problemSchema),
  })
  .meta({ id: 'ProblemDetails' })
