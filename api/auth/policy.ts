/** How long a password has to be. */
import type { ApiDeps } from '../deps.js'
import { LEAST_CHARACTERS } from './password.js'

export function leastCharacters({ configs }: Pick<ApiDeps, 'configs'>): Promise<number> {
  return configs.number('security.password_min_length', LEAST_CHARACTERS)
}
