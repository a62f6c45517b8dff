/** `etl schema NAME`: the JSON Schema of a kind of definition, or of a connector's or operator's config. */
import { JobError } from '../../core/errors/job-error.js'
import type { Context } from '../command.js'

export async function schemaCommand({ output }: Context, name: string): Promise<void> {
  const schema = await schemaNamed(name)
  output.result(schema, () => JSON.stringify(schema, null, 2))
}

async function schemaNamed(name: string): Promise<unknown> {
  const { documentJsonSchema, documentSchemas, jobJsonSchema } = await import('../../core/spec/schema.js')
  if (name === 'job') return jobJsonSchema()
  if (Object.hasOwn(documentSchemas, name)) return documentJsonSchema(name as keyof typeof documentSchemas)
  const { configSchemaNamed, configSchemaNames } = await import('./config-schemas.js')
  const found = configSchemaNamed(name)
  if (found !== null) return found
  const known = [...Object.keys(documentSchemas), ...configSchemaNames()]
  throw new JobError('not.found', `There is no schema ${name}`, { hint: `Known: ${known.join(', ')}.` })
}
