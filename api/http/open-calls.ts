/** Calls that are at work: each is told to the audit once, by itself or, where the process ends before it, by whoever ends it. */
import type { ApiDeps } from '../deps.js'
import { type AuditedCall, auditCutOff, writeAudit } from './audit.js'
import type { Answer, Caller, GuardedRoute } from './route.js'

export interface OpenCall extends Pick<AuditedCall, 'request' | 'startedAtMs'> {
  readonly route: GuardedRoute
  /** null: not known yet, or of a PUBLIC route. */
  caller: Caller | null
  isTold: boolean
}

export type OpenCalls = Set<OpenCall>

export async function tell(call: OpenCall, answer: Answer | null, error: unknown, deps: ApiDeps): Promise<void> {
  if (call.isTold || isNobodys(call)) return
  call.isTold = true
  await writeAudit({ ...call, answer, error }, deps)
}

/** Answers how many calls were at work still. */
export async function tellCutOff(deps: ApiDeps): Promise<number> {
  const open = [...deps.openCalls].filter((call) => !call.isTold && call.route.audit !== undefined && !isNobodys(call))
  for (const call of open) call.isTold = true
  await Promise.all(open.map((call) => auditCutOff(call, deps)))
  return open.length
}

/** Without a valid token nothing is changed. */
const isNobodys = ({ caller, route }: OpenCall): boolean => caller === null && route.access !== 'PUBLIC'
