/** A spec that was read with its secrets masked may be written back: a mask stands for what is stored at its place. */
import { JobError } from '../../core/errors/job-error.js'
import { MASK, mapSecrets, maskText } from '../../core/security/secret-fields.js'
import { pathOf, valueAt } from '../../core/spec/pointer.js'

type Spec = Readonly<Record<string, unknown>>

export function restoreMasked(given: Spec, stored: object): Spec {
  return mapSecrets(given, null, (text, pointer) => {
    if (!text.includes(MASK)) return text
    const before = valueAt(stored, pathOf(pointer))
    if (typeof before === 'string' && (text === MASK || text === maskText(before))) return before
    throw new JobError('config.invalid', 'Give this secret again: none is stored at this place', { pointer })
  }) as Spec
}
