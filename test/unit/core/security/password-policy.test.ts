import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isCommonPassword } from '../../../../core/security/common-passwords.js'
import { passwordProblem } from '../../../../core/security/password-policy.js'

test.each([
  'password1234',
  'Password2026!',
  'P@ssw0rd!!!!',
  'p4$$w0rd1234',
  'qwertyuiop12',
  'qwertzuiop12',
  'asdfghjkl;99',
  'yxcvbnm,.-!!',
  'qwertyuiop[]',
  '123456789012',
  '210987654321',
  '1q2w3e4r5t6y',
  '1qaz2wsx3edc',
  'aaaaaaaaaaaa',
  'abc123abc123',
  'changeme1234',
  'iloveyou2026',
  'Administrator1',
  'welcome-admin',
  'letmeinletmein',
  'Summer2026!!',
  'asdfghjkl123',
  'trustno1trustno1',
])('%s is one that is tried first', (password) => {
  expect(isCommonPassword(password)).toBe(true)
})

test.each([
  'correct horse battery',
  'another long password',
  'long enough for it',
  'blue-kettle-47-moss',
  'Tr0ub4dor&3xyz',
])('%s is not', (password) => {
  expect(isCommonPassword(password)).toBe(false)
})

test('random passwords are never among them', () => {
  const characters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...characters), { minLength: 24, maxLength: 24 }), (made) => {
      fc.pre(new Set(made).size > 12)
      expect(passwordProblem(made.join(''), 'admin', 12)).toBeNull()
    }),
  )
})

test('the name is refused as a whole, and as a part where it is long enough to be one', () => {
  expect(passwordProblem('maximilian99', 'Maximilian99', 8)).toMatch(/user name/)
  expect(passwordProblem('my maximilian', 'maximilian', 8)).toMatch(/user name/)
  expect(passwordProblem('ten kettles of moss', 'ten', 8)).toBeNull()
})

test('blanks around a password, and in a row, do not make it longer', () => {
  for (const padded of ['weakling    ', '    weakling', 'weak     ling', 'weakling\u00a0\t  '])
    expect(passwordProblem(padded, 'x', 12)).toMatch(/at least 12/)
  expect(passwordProblem('ten kettles of moss ', 'x', 12)).toBeNull()
})

test('characters are counted as people do, and bytes as bcrypt does', () => {
  expect(passwordProblem('🜁🜂🜃🜄🜅🜆🜇', 'x', 8)).toMatch(/at least 8/)
  expect(passwordProblem('🜁🜂🜃🜄🜅🜆🜇🜈', 'x', 8)).toBeNull()
  expect(passwordProblem(`moss and ${'kettlé'.repeat(10)} x`, 'x', 8)).toMatch(/72 bytes/)
})
