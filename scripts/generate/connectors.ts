/** One page a connector: its connection, source and sink, with what each guarantees. */

import { connectors } from '../../connectors/index.js'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { fields, page } from './page.js'

export function connectorPages() {
  return Object.fromEntries(
    connectors.map(({ name, summary, connection, source, sink }) => [
      `connectors/${name}.md`,
      page(
        `Connector ${name}`,
        summary,
        ...(connection ? [section('Connection', connection.config, {})] : []),
        ...(source ? [section('Source', source.config, source.guarantees)] : []),
        ...(sink ? [section('Sink', sink.config, sink.guarantees)] : []),
      ),
    ]),
  )
}

function section(title: string, config: ConfigSchema, guarantees: Readonly<Record<string, boolean>>): string {
  const facts = Object.entries(guarantees).map(([name, holds]) => `${words(name)}: ${holds ? 'yes' : 'no'}`)
  const schema = jsonSchemaOf(config)
  const more = typeof schema.description === 'string' ? [schema.description] : []
  return [`## ${title}`, ...(facts.length > 0 ? [`${facts.join(' · ')}`] : []), ...more, fields(schema)].join('\n\n')
}

const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
