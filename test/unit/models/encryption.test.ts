import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createCipher, isEncrypted, secretKeyProblem } from '../../../models/encryption.js'

const place = { table: 'etl_secret', row: 'a', field: 'value' }
const key = () => randomBytes(32).toString('base64')

describe('encryption', () => {
  test('gives every text back, and never the same ciphertext twice', () => {
    const cipher = createCipher(key())
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [one, two] = [cipher.encrypt(text, place), cipher.encrypt(text, place)]
        expect(isEncrypted(one)).toBe(true)
        expect(one).not.toBe(two)
        expect(cipher.decrypt(one, place)).toBe(Buffer.from(text, 'utf8').toString('utf8'))
      }),
    )
  })

  test('refuses what was moved to another table, row or field', () => {
    const cipher = createCipher(key())
    const text = cipher.encrypt('word', place)
    for (const moved of [{ table: 'x' }, { row: 'b' }, { field: 'y' }]) {
      expect(() => cipher.decrypt(text, { ...place, ...moved })).toThrow(/cannot be read/)
    }
  })

  test('refuses what was changed in any part', () => {
    const cipher = createCipher(key())
    const parts = cipher.encrypt('word', place).split('.')
    for (const part of [2, 3, 4]) {
      const changed = parts.map((text, index) =>
        index === part ? (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`) : text,
      )
      expect(() => cipher.decrypt(changed.join('.'), place)).toThrow(/cannot be read/)
    }
    expect(() => cipher.decrypt('v1.nonsense', place)).toThrow(/cannot be read/)
  })

  test('reads what an older key wrote, and writes with the first one', () => {
    const [older, newer] = [key(), key()]
    const text = createCipher(older).encrypt('word', place)
    const both = createCipher(`${newer}, ${older}`)
    expect(both.decrypt(text, place)).toBe('word')
    expect(createCipher(newer).decrypt(both.encrypt('word', place), place)).toBe('word')
    expect(() => createCipher(newer).decrypt(text, place)).toThrow(/cannot be read/)
  })

  test('takes 32 bytes as base64, URL-safe base64 or hex, and nothing else', () => {
    const bytes = randomBytes(32)
    for (const form of ['base64', 'base64url', 'hex'] as const)
      expect(secretKeyProblem(bytes.toString(form))).toBeNull()
    for (const bad of [
      undefined,
      '',
      ' ',
      'password',
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('hex'),
      `${key()},short`,
    ]) {
      expect(secretKeyProblem(bad)).toMatch(/openssl rand/)
      expect(() => createCipher(bad)).toThrow(/ETL_SECRET_KEY/)
    }
  })
})
