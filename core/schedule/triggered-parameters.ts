/** Parameters of an execution that a schedule starts: as the schedule writes them, of the types that the job declares. */
import { normaliseParameters } from '../spec/parameter-values.js'
import { substitute } from '../spec/parameters.js'
import type { ParameterDeclaration } from '../spec/settings.js'
import { openZone } from './zone.js'

export interface Cause {
  /** ISO 8601. */
  readonly logicalTime: string
  readonly executionId: string
  /** A DATE that is `${logicalTime}` is the day there. */
  readonly timezone?: string
  /** What `${event.…}` looks into. */
  readonly event?: unknown
}

/** Throws `usage.invalid` or `config.invalid`, naming the parameter at fault. */
export function triggeredParameters(
  written: Readonly<Record<string, string>>,
  declarations: Readonly<Record<string, ParameterDeclaration>>,
  cause: Cause,
): Record<string, string> {
  const values = Object.entries(written).map(([name, text]) => {
    const value = substitute(text, 'text', { parameters: {}, declarations: {}, ...cause })
    const isDay = declarations[name]?.type === 'DATE' && text.trim() === '${logicalTime}'
    return [name, isDay ? dayIn(cause) : value]
  })
  return normaliseParameters(Object.fromEntries(values), declarations)
}

function dayIn({ logicalTime, timezone = 'UTC' }: Cause): string {
  const at = Date.parse(logicalTime)
  return new Date(at + (openZone(timezone)?.offsetAt(at) ?? 0)).toISOString().slice(0, 'yyyy-mm-dd'.length)
}
