/** What is wrong with a password, or null. bcrypt cuts off what is beyond 72 bytes, so more is refused. */
import { isCommonPassword } from './common-passwords.js'

export function passwordProblem(password: string, username: string, leastCharacters: number): string | null {
  // Blanks around it, and more than one in a row, are no more to guess.
  if ([...password.trim().replaceAll(/\s+/gu, ' ')].length < leastCharacters)
    return `The password must have at least ${leastCharacters} characters; several blanks count as one, those around it not at all.`
  if (new TextEncoder().encode(password).length > 72) return 'The password must not be longer than 72 bytes.'
  if (username !== '' && password.toLowerCase() === username.toLowerCase()) return NAMED
  if (username.length > 3 && password.toLowerCase().includes(username.toLowerCase())) return NAMED
  if (isCommonPassword(password.trim())) return 'The password is one of those that are tried first; take another.'
  return null
}

const NAMED = 'The password must not contain the user name.'
