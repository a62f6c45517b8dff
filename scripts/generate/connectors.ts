/** One page a connector: its connection, source and sink, what each guarantees and where that ends, and jobs that use it. */

import { connectors } from '../../connectors/index.js'
import type { Connector } from '../../connectors/spi.js'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { examplesFolder, readExamples, shownExample } from './examples.js'
import { ofConnection, ofSink, ofSource } from './guarantees.js'
import { fields, page } from './page.js'

export function connectorPages() {
  return Object.fromEntries(connectors.map((connector) => [`connectors/${connector.name}.md`, pageOf(connector)]))
}

function pageOf({ name, summary, connection, source, sink }: Connector): string {
  return page(
    `Connector ${name}`,
    summary,
    ...(connection ? [section('Connection', connection.config, ofConnection(connection))] : []),
    ...(source ? [section('Source', source.config, ofSource(source))] : []),
    ...(sink ? [section('Sink', sink.config, ofSink(sink))] : []),
    ...examplesOf(name),
  )
}

function section(title: string, config: ConfigSchema, facts: readonly string[]): string {
  const schema = jsonSchemaOf(config)
  const more = typeof schema.description === 'string' ? [schema.description] : []
  return [`## ${title}`, facts.map((fact) => `- ${fact}`).join('\n'), ...more, fields(schema)].join('\n\n')
}

function examplesOf(name: string): readonly string[] {
  const used = readExamples(examplesFolder).filter(({ sources, sinks }) => [...sources, ...sinks].includes(name))
  if (used.length === 0) return []
  const intro = 'From the folder `examples/`; the tests run each of them as it stands.'
  return ['## Examples', intro, ...used.map(shownExample)]
}
