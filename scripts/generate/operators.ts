/** operators.md: what each operator does and takes. */
import { jsonSchemaOf } from '../../core/config/schema.js'
import { operators } from '../../operators/index.js'
import { fields, page } from './page.js'

export function operatorPage() {
  const sections = operators.map(({ type, summary, ports, modes, config, late }) => {
    const inputs = ports === 'MANY' ? 'one or more, by name' : ports.map((port) => `\`${port.name}\``).join(', ')
    const second = late === true ? ' Second output: `late`.' : ''
    const schema = jsonSchemaOf(config)
    const more = typeof schema.description === 'string' ? `${schema.description}\n\n` : ''
    return `## ${type}\n\n${summary} Inputs: ${inputs}.${second} Runs in ${modes.join(' and ')} jobs.\n\n${more}${fields(schema)}`
  })
  return { 'operators.md': page('Operators', ...sections) }
}
