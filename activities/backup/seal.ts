/** AES-256-GCM over whole files as they stream by: magic, IV, ciphertext, tag. Bound to its name: files cannot change places. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { JobError } from '../../core/errors/job-error.js'
import type { BackupEncryption } from '../../core/maintenance/backup-manifest.js'
import { readKeys } from '../../models/encryption.js'

export interface Seal {
  readonly encryption: BackupEncryption
  encrypt(name: string): Transform
  decrypt(name: string): Transform
  /** Over the manifest: nobody without the key makes one up. */
  mac(text: string): string
}

const MAGIC = Buffer.from('ETLB1')
const [IV_BYTES, TAG_BYTES] = [12, 16]

/** The first of the keys. */
export function newSeal(keys: string): Seal {
  const [key] = readKeys(keys)
  const encryption = { algorithm: 'AES-256-GCM', keyId: key!.id, salt: randomBytes(16).toString('hex') } as const
  return sealWith(key!.bytes, encryption)
}

/** Any of the keys may be the one. */
export function sealOf(keys: readonly string[], encryption: BackupEncryption): Seal {
  const key = keys.flatMap(readKeys).find(({ id }) => id === encryption.keyId)
  if (key !== undefined) return sealWith(key.bytes, encryption)
  throw new JobError(
    'environment.invalid',
    `The backup is encrypted with key ${encryption.keyId}, which is not here.`,
    {
      hint: 'Set ETL_BACKUP_KEY to the key that it was made with, or ETL_SECRET_KEY if it had none of its own.',
    },
  )
}

function sealWith(key: Buffer, encryption: BackupEncryption): Seal {
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', key, Buffer.from(encryption.salt, 'hex'), `etl backup ${use}`, 32))
  const [fileKey, macKey] = [derive('files'), derive('manifest')]
  return {
    encryption,
    encrypt: (name) => encrypting(fileKey, name),
    decrypt: (name) => decrypting(fileKey, name),
    mac: (text) => createHmac('sha256', macKey).update(text).digest('hex'),
  }
}

export function isSameMac(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function encrypting(key: Buffer, name: string): Transform {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(name))
  let isBegun = false
  const begin = () => {
    if (isBegun) return Buffer.alloc(0)
    isBegun = true
    return Buffer.concat([MAGIC, iv])
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      done(null, Buffer.concat([begin(), cipher.update(chunk)]))
    },
    flush(done) {
      done(null, Buffer.concat([begin(), cipher.final(), cipher.getAuthTag()]))
    },
  })
}

/** What comes out counts only once the stream has ended without an error: the tag comes last. */
function decrypting(key: Buffer, name: string): Transform {
  let held = Buffer.alloc(0)
  let decipher: ReturnType<typeof createDecipheriv> | null = null
  const damaged = (cause?: unknown) =>
    new JobError('backup.damaged', `${name} in the backup was changed, or is not what it says.`, { cause })
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      held = Buffer.concat([held, chunk])
      if (decipher === null) {
        if (held.length < MAGIC.length + IV_BYTES) return done()
        if (!held.subarray(0, MAGIC.length).equals(MAGIC)) return done(damaged())
        const iv = held.subarray(MAGIC.length, MAGIC.length + IV_BYTES)
        decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(
          Buffer.from(name),
        ) as never
        held = held.subarray(MAGIC.length + IV_BYTES)
      }
      const whole = Math.max(0, held.length - TAG_BYTES)
      const plain = decipher!.update(held.subarray(0, whole))
      held = held.subarray(whole)
      done(null, plain)
    },
    flush(done) {
      if (decipher === null || held.length !== TAG_BYTES) return done(damaged())
      try {
        ;(decipher as unknown as { setAuthTag(tag: Buffer): void }).setAuthTag(held)
        done(null, decipher.final())
      } catch (error) {
        done(damaged(error))
      }
    },
  })
}
