/** Connections. */
import type { Add } from './add.js'

export function addConnections(add: Add): void {
  const connections = () => import('../command/connections.js')
  const shared = add(
    'connections',
    'Lists connections; they are tested, discovered, deleted.',
    'etl connections test demo-mysql',
    async () => (await connections()).connections,
  )
  add('list', 'Lists connections.', 'etl connections list', async () => (await connections()).connections, shared)
  add(
    'test <name>',
    'Can it be reached?',
    'etl connections test demo-mysql',
    async () => (await connections()).testConnection,
    shared,
  )
  add(
    'discover <name>',
    'What can be read and written through it.',
    'etl connections discover demo-mysql',
    async () => (await connections()).discover,
    shared,
  )
  add(
    'usage <name>',
    'Which jobs name it.',
    'etl connections usage demo-mysql',
    async () => (await connections()).connectionUsage,
    shared,
  )
  add(
    'delete <name>',
    'Removes one that no job names.',
    'etl connections delete demo-mysql',
    async () => (await connections()).deleteConnection,
    shared,
  )
}
