/** `${secret:NAME}`: encrypted at rest; only names are ever listed, only workers resolve. */
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { type CipherPlace, createCipher } from '../encryption.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { SecretRow } from '../tables/connectors.js'

export interface SecretRecord {
  readonly name: string
  readonly description: string | null
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
}

export interface SecretValue {
  readonly name: string
  readonly value: string
  readonly description: string | null
  readonly by: string
}

export type SecretStore = ReturnType<typeof secretStore>

export function secretStore(database: Database, secretKey: string) {
  const { secret } = database.tables
  const cipher = createCipher(secretKey)
  const find = async (name: string): Promise<SecretRow> => {
    const row = await secret.findOne({ where: { secretName: name } })
    if (row !== null) return row.get()
    throw new JobError('not.found', `There is no secret ${name}`, { hint: `Set it with: etl secrets set ${name}` })
  }
  return {
    resolve: async (name: string): Promise<string> => cipher.decrypt((await find(name)).secretValue, placeOf(name)),
    async list(request: PageRequest): Promise<Page<SecretRecord>> {
      const rows = await secret.findAll(pageQuery(request))
      return pageOf(
        rows.map((row) => row.get()),
        request,
        recordOf,
      )
    },
    /** Creates it, or gives it a new value. */
    async set({
      name,
      value,
      description,
      by,
    }: SecretValue): Promise<{ readonly record: SecretRecord; readonly isNew: boolean }> {
      const secretValue = cipher.encrypt(value, placeOf(name))
      const { keyId } = cipher
      await database.execute(
        `INSERT INTO etl_secret (secret_name, secret_value, key_id, description, created_by, updated_by)
         VALUES (:name, :secretValue, :keyId, :description, :by, :by)
         ON DUPLICATE KEY UPDATE secret_value = :secretValue, key_id = :keyId, updated_by = :by, version = version + 1,
           description = COALESCE(:description, description)`,
        { name, secretValue, keyId, description, by },
      )
      const record = recordOf(await find(name))
      return { record, isNew: record.version === 1 }
    },
    async remove(name: string): Promise<void> {
      if ((await secret.destroy({ where: { secretName: name } })) === 0) await find(name)
    },
  }
}

export function placeOf(name: string): CipherPlace {
  return { table: 'etl_secret', row: name, field: 'secret_value' }
}

function recordOf(row: SecretRow): SecretRecord {
  return {
    name: row.secretName,
    description: row.description,
    version: row.version,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
