import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { connectors } from '../../connectors/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { checkConfig } from '../../core/config/problems.js'
import type { ConfigSchema } from '../../core/config/schema.js'
import { redact } from '../../core/security/secret-fields.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }

describe.each(connectors.map((connector) => [connector.name, connector] as const))(
  'connector %s',
  (_name, connector) => {
    const schemas = [connector.connection?.config, connector.source?.config, connector.sink?.config].filter(
      (schema): schema is ConfigSchema => schema !== undefined,
    )

    test('names the field of a config that is not known', () => {
      for (const schema of schemas) {
        const checked = checkConfig(
          schema,
          { notASetting: 1 },
          { pointer: '/config', nodeId: 'n', code: 'config.invalid' },
        )
        expect(checked).toMatchObject({ ok: false })
        if (!checked.ok) expect(checked.problems.map((problem) => problem.pointer)).toContain('/config/notASetting')
      }
    })

    test('publishes a JSON Schema with a description of every field', () => {
      for (const schema of schemas) {
        const published = z.toJSONSchema(schema, { io: 'input' }) as {
          properties: Record<string, { description?: string }>
        }
        for (const [field, facts] of Object.entries(published.properties))
          expect([field, facts.description]).toEqual([field, expect.any(String)])
      }
    })

    test('shows no secret of a connection, in answers or in errors', async () => {
      if (!connector.connection) return
      const secret = 'pa55-word'
      const given = { url: `mysql://user:${secret}@127.0.0.1:1/db`, password: secret }
      const schema = z.toJSONSchema(connector.connection.config, { io: 'input' })
      expect(JSON.stringify(redact(given, schema as never))).not.toContain(secret)
      await expect(connector.connection.check(given, ctx)).rejects.not.toThrow(secret)
    })
  },
)
