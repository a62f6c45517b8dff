/** job.md, and the JSON Schemas of every kind of document, for editors that complete them. */
import { documentJsonSchema, documentSchemas, jobJsonSchema } from '../../core/spec/schema.js'
import { fields, json, page } from './page.js'

export function jobPages() {
  const kinds = Object.keys(documentSchemas) as (keyof typeof documentSchemas)[]
  const schemas = kinds.map((kind) => [kind, kind === 'job' ? jobJsonSchema() : documentJsonSchema(kind)] as const)
  const sections = schemas.map(([kind, schema]) => `## ${kind}\n\n${schema.description ?? ''}\n\n${fields(schema)}`)
  return {
    'definitions.md': page(
      'Definitions',
      'Keys of each kind of document; a document without `kind` is a job.',
      ...sections,
    ),
    ...Object.fromEntries(schemas.map(([kind, schema]) => [`${kind}.schema.json`, json(schema)])),
  }
}
