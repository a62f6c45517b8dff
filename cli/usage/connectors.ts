/** Connectors and operators: what a job may be made of. */
import type { Add } from './add.js'

export function addConnectors(add: Add): void {
  const parts = () => import('../command/connectors.js')
  const connectors = add(
    'connectors',
    'Lists connectors.',
    'etl connectors show jdbc',
    async () => (await parts()).connectors,
  )
  add('list', 'Lists connectors.', 'etl connectors list', async () => (await parts()).connectors, connectors)
  add(
    'show <name>',
    'One connector and its settings.',
    'etl connectors show file',
    async () => (await parts()).showConnector,
    connectors,
  )
  add(
    'register <class>',
    'Registers a custom one, `module#export`, after it was tried in a process of its own (ADMIN).',
    'etl connectors register crm.mjs#crm',
    async () => (await parts()).registerConnector,
    connectors,
  ).option('--disabled', 'try it, and let no job name it yet')
  add(
    'enable <name>',
    'Tries a custom one again, in its version of now, and lets jobs name it (ADMIN).',
    'etl connectors enable crm',
    async () => (await parts()).enableConnector,
    connectors,
  ).option('--class <class>', 'another module#export')
  add(
    'disable <name>',
    'No job may name it, and those that do fail (ADMIN).',
    'etl connectors disable crm',
    async () => (await parts()).disableConnector,
    connectors,
  )
  add(
    'delete <name>',
    'Removes a custom one that nobody names (ADMIN).',
    'etl connectors delete crm',
    async () => (await parts()).deleteConnector,
    connectors,
  )
  const operators = add(
    'operators',
    'Lists operators.',
    'etl operators show JOIN',
    async () => (await parts()).operators,
  )
  add('list', 'Lists operators.', 'etl operators list', async () => (await parts()).operators, operators)
  add(
    'show <type>',
    'One operator and its settings.',
    'etl operators show FILTER',
    async () => (await parts()).showOperator,
    operators,
  )
}
