/** operators.md: what each operator does and takes. */
import { jsonSchemaOf } from '../../core/config/schema.js'
import { operators } from '../../operators/index.js'
import { fields, page } from './page.js'

export function operatorPage() {
  const sections = operators.map(({ type, summary, ports, modes, config }) => {
    const inputs = ports === 'MANY' ? 'one or more, by name' : ports.map((port) => `\`${port.name}\``).join(', ')
    return `## ${type}\n\n${summary} Inputs: ${inputs}. Runs in ${modes.join(' and ')} jobs.\n\n${fields(jsonSchemaOf(config))}`
  })
  return { 'operators.md': page('Operators', ...sections) }
}
