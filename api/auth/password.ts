/** Passwords: how long they have to be, and how they are kept and compared. */
import { hash, verify } from '@node-rs/bcrypt'
import { InvalidInput } from '../../core/errors/invalid-input.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { passwordProblem } from '../../core/security/password-policy.js'
import type { ConfigStore } from '../../models/stores/config-store.js'

const COST = 12
const LEAST_CHARACTERS = 12

export function leastCharacters(configs: Pick<ConfigStore, 'number'>): Promise<number> {
  return configs.number('security.password_min_length', LEAST_CHARACTERS)
}

export function checkPassword(
  password: string,
  username: string,
  pointer: string,
  leastCharacters: number = LEAST_CHARACTERS,
): void {
  const message = passwordProblem(password, username, leastCharacters)
  if (message === null) return
  const problem: Problem = { pointer, nodeId: null, code: 'usage.invalid', message, hint: null }
  throw new InvalidInput('usage.invalid', message, [problem])
}

export function hashPassword(password: string): Promise<string> {
  return hash(password, COST)
}

export type VerifyPassword = (password: string, stored: string | null) => Promise<boolean>

/** Of a user of OIDC: the provider keeps it. */
export function noPassword(pointer?: string): JobError {
  const message = 'This user logs in with OpenID Connect, and has no password here'
  return new JobError('conflict', message, pointer === undefined ? {} : { pointer })
}

/** Without a user the same work is done, so that the time taken does not tell which names exist. */
export const verifyPassword: VerifyPassword = async (password, stored) => {
  const matches = await verify(password, stored ?? NOBODY)
  return stored !== null && matches
}

/** A hash of cost 12 of a random value. */
const NOBODY = '$2b$12$E70vQYEoRyaS8wDoOJo.gOKbcUU6OpZ8zvA485proDRK.r7wXKfIe'
