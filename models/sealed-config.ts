/** A config as it is kept: each secret in it encrypted, and bound to its row and its place. */
import { JobError } from '../core/errors/job-error.js'
import { sameAddress, sentElsewhere } from '../core/security/secret-address.js'
import { MASK, mapSecrets, maskText, type SchemaNode } from '../core/security/secret-fields.js'
import { pathOf } from '../core/spec/pointer.js'
import { type Cipher, isEncrypted } from './encryption.js'
import { mapTexts } from './map-texts.js'

const CONNECTIONS = 'etl_connector_config'

export type Config = Readonly<Record<string, unknown>>

export function sealConfig(
  id: string,
  config: Config,
  schema: SchemaNode | null,
  cipher: Cipher,
  table = CONNECTIONS,
): Config {
  return mapSecrets(config, schema, (secret, pointer) =>
    cipher.encrypt(secret, { table, row: id, field: pointer }),
  ) as Config
}

export function openConfig(id: string, config: Config, cipher: Cipher, table = CONNECTIONS): Config {
  return mapSealed(config, (text, pointer) => cipher.decrypt(text, { table, row: id, field: pointer }))
}

export function maskConfig(id: string, config: Config, cipher: Cipher, table = CONNECTIONS): Config {
  return mapSealed(config, (text, pointer) => maskText(cipher.decrypt(text, { table, row: id, field: pointer })))
}

/** Under the key that encrypts now. */
export function renewConfig(id: string, config: Config, cipher: Cipher, table = CONNECTIONS): Config {
  return mapSealed(config, (text, pointer) => cipher.renew(text, { table, row: id, field: pointer }))
}

/** A mask stands for what is stored at its place; elsewhere it would be a password that nobody meant. */
export function restoreMasked(config: Config, stored: Config, schema: SchemaNode | null): Config {
  const known = new Map<string, string>()
  mapTexts(stored, '', (text, pointer) => known.set(pointer, text) && text)
  return mapSecrets(config, schema, (text, pointer) => {
    const before = known.get(pointer)
    if (before === text || !text.includes(MASK)) return text
    if (before !== undefined && (text === MASK || text === maskText(before))) {
      if (sameAddress(config, stored, pathOf(pointer))) return before
      throw new JobError('config.invalid', `Give the secret at ${pointer} again: the address it goes to has changed`, {
        pointer: `/config${pointer}`,
        hint: sentElsewhere,
      })
    }
    throw new JobError('config.invalid', `Give the secret at ${pointer} again: there is none stored for this`, {
      pointer: `/config${pointer}`,
    })
  }) as Config
}

function mapSealed(config: Config, change: (text: string, pointer: string) => string): Config {
  return mapTexts(config, '', (text, pointer) => (isEncrypted(text) ? change(text, pointer) : text)) as Config
}
