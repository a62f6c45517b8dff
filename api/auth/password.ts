import { hash, verify } from '@node-rs/bcrypt'
import { InvalidInput } from '../../core/errors/invalid-input.js'
import type { Problem } from '../../core/errors/problem.js'

const COST = 12

/** Refuses what bcrypt would cut off, and what is too short or names its owner. */
export function checkPassword(password: string, username: string, pointer: string): void {
  const message = passwordProblem(password, username)
  if (message === null) return
  const problem: Problem = { pointer, nodeId: null, code: 'usage.invalid', message, hint: null }
  throw new InvalidInput('usage.invalid', message, [problem])
}

export function hashPassword(password: string): Promise<string> {
  return hash(password, COST)
}

/** Without a user the same work is done, so that the time taken does not tell which names exist. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const matches = await verify(password, stored ?? NOBODY)
  return stored !== null && matches
}

/** A hash of cost 12 of a random value. */
const NOBODY = '$2b$12$E70vQYEoRyaS8wDoOJo.gOKbcUU6OpZ8zvA485proDRK.r7wXKfIe'

function passwordProblem(password: string, username: string): string | null {
  if ([...password].length < 12) return 'The password must have at least 12 characters.'
  if (Buffer.byteLength(password) > 72) return 'The password must not be longer than 72 bytes.'
  if (password.toLowerCase().includes(username.toLowerCase()) && username.length > 3) {
    return 'The password must not contain the user name.'
  }
  return null
}
