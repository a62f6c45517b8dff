import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { JobError } from '../core/errors/job-error.js'

/** Where an encrypted value lies: bound to it as additional data, so that a ciphertext moved to another row is refused. */
export interface CipherPlace {
  readonly table: string
  readonly row: string
  readonly field: string
}

export interface Cipher {
  /** Of the key that encrypts; a ciphertext says which key it needs. */
  readonly keyId: string
  /** The same secret under the key that encrypts now; as it is where that has been done. */
  renew(text: string, place: CipherPlace): string
  encrypt(plain: string, place: CipherPlace): string
  decrypt(text: string, place: CipherPlace): string
}

/**
 * AES-256-GCM under ETL_SECRET_KEY: 32 bytes as base64 or hex. Several keys, separated by commas, all decrypt;
 * the first encrypts.
 */
export function createCipher(secretKey: string | undefined): Cipher {
  const keys = readKeys(secretKey)
  const byId = new Map(keys.map((key) => [key.id, key.bytes]))
  const current = keys[0]!
  const own: Cipher = {
    keyId: current.id,
    renew: (text, place) => (keyIdOf(text) === current.id ? text : own.encrypt(own.decrypt(text, place), place)),
    encrypt(plain, place) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', current.bytes, iv, { authTagLength: 16 }).setAAD(additional(place))
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      const parts = [iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'))
      return ['v1', current.id, ...parts].join('.')
    },
    decrypt(text, place) {
      const [, id, iv, body, tag] = text.split('.')
      const key = byId.get(id ?? '')
      if (key === undefined) throw unreadable(place)
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes(iv), { authTagLength: 16 })
        decipher.setAAD(additional(place)).setAuthTag(bytes(tag))
        return Buffer.concat([decipher.update(bytes(body)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw unreadable(place, cause)
      }
    },
  }
  return own
}

export function keyIdOf(text: string): string {
  return text.split('.')[1] ?? ''
}

export function isEncrypted(value: unknown): value is string {
  return typeof value === 'string' && /^v1\.[0-9a-f]{8}\.[\w-]+\.[\w-]*\.[\w-]+$/.test(value)
}

/** What is wrong with an ETL_SECRET_KEY, or null. */
export function secretKeyProblem(secretKey: string | undefined): string | null {
  if (secretKey === undefined || secretKey.trim() === '') return 'is not set; make one with: openssl rand -base64 32'
  const bad = secretKey.split(',').some((key) => keyBytes(key.trim()) === null)
  return bad ? 'must be 32 bytes as base64 or hex; make one with: openssl rand -base64 32' : null
}

export function readKeys(secretKey: string | undefined): readonly { readonly bytes: Buffer; readonly id: string }[] {
  const problem = secretKeyProblem(secretKey)
  if (problem !== null || secretKey === undefined)
    throw new JobError('environment.invalid', `ETL_SECRET_KEY ${problem}`)
  return secretKey.split(',').map((key) => {
    const bytes = keyBytes(key.trim())!
    return { bytes, id: createHash('sha256').update(bytes).digest('hex').slice(0, 8) }
  })
}

function keyBytes(key: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(key)) return Buffer.from(key, 'hex')
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(key)) return null
  const decoded = Buffer.from(key, 'base64')
  return decoded.length === 32 ? decoded : null
}

function additional(place: CipherPlace): Buffer {
  return Buffer.from(`${place.table}:${place.row}:${place.field}`)
}

function bytes(part: string | undefined): Buffer {
  return Buffer.from(part ?? '', 'base64url')
}

function unreadable(place: CipherPlace, cause?: unknown): JobError {
  return new JobError('environment.invalid', `A secret in ${place.table} cannot be read with this ETL_SECRET_KEY`, {
    hint: 'Start with the key that it was written with; several keys may be given, separated by commas.',
    cause,
  })
}
