import { describe, expect, test } from '@jest/globals'
import { jobVault } from '../../../models/stores/job/job-secrets.js'
import { aGraph } from '../../support/a-graph.js'
import { jobSecrets } from '../../support/sample-job.js'

const vault = jobVault({ ...jobSecrets, schemas: (kind) => (kind === 'custom' ? custom : null) })
const custom = { properties: { pin: { secret: true } } }

const config = { connection: { url: 'mysql://u:word-1@h/d', password: 'word-2' }, table: 't', limit: 5 }
const spec = {
  name: 'job',
  nodes: [
    { id: 'flights', source: 'jdbc', config },
    { id: 'other', sink: 'custom', config: { pin: 1234, path: 'out' } },
  ],
}

function graph() {
  const { stream, ...rest } = aGraph()
  return { ...rest, stream: { ...stream, nodes: stream.nodes.map((node) => ({ ...node, config })) } }
}

describe('secrets of a job', () => {
  test('lie encrypted in spec and graph, and come back as they were', () => {
    const kept = vault.encrypt('job-1', { spec, graph: graph() })
    expect(JSON.stringify(kept)).not.toMatch(/word-|1234/)
    expect(JSON.stringify(kept)).toContain('"table":"t"')
    expect(vault.decryptSpec('job-1', kept.spec)).toEqual(spec)
    expect(vault.decryptGraph('job-1', kept.graph)).toEqual(graph())
  })

  test('are refused in another job, another node, another field', () => {
    const { spec: kept } = vault.encrypt('job-1', { spec, graph: graph() }) as { spec: typeof spec }
    const [first] = kept.nodes as [{ id: string; source: string; config: typeof config }]
    const moved = (node: object) => () => vault.decryptSpec('job-1', { ...kept, nodes: [node] })
    expect(() => vault.decryptSpec('job-2', kept)).toThrow(/cannot be read/)
    expect(moved({ ...first, id: 'renamed' })).toThrow(/cannot be read/)
    expect(moved({ ...first, config: { shown: first.config.connection.password } })).toThrow(/cannot be read/)
    expect(moved(first)).not.toThrow()
  })

  test('that look like ciphertexts themselves are encrypted all the same', () => {
    const { nodes } = vault.encrypt('job-1', { spec, graph: graph() }).spec as typeof spec
    const { password } = (nodes[0]!.config as typeof config).connection
    const sly = { nodes: [{ id: 'flights', source: 'jdbc', config: { password } }] }
    const kept = vault.encrypt('job-1', { spec: sly, graph: graph() }).spec
    expect(JSON.stringify(kept)).not.toContain(password)
    expect(vault.decryptSpec('job-1', kept)).toEqual(sly)
  })
})
