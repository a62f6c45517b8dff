/** Brokers that want a log-in, and brokers that encrypt. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { kafka } from '../../connectors/kafka/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { describeWithJava } from '../support/describe-with-kafka.js'
import { privateKafka } from '../support/kafka.js'
import type { Service } from '../support/services.js'
import { until } from '../support/until.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
const check = (config: unknown) => kafka.connection!.check(kafka.connection!.config.parse(config), ctx)

let folder: string
let broker: Service

describeWithJava('brokers that want a log-in', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etl-kafka-'))
    const jaas = (login: string, more = '') =>
      `org.apache.kafka.common.security.${login}LoginModule required username="inter" password="inter-secret"${more};`
    const listener = 'listener.name.sasl_plaintext'
    broker = await privateKafka(folder, {
      listener: 'SASL_PLAINTEXT',
      properties: [
        'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'sasl.mechanism.inter.broker.protocol=PLAIN',
        `${listener}.plain.sasl.jaas.config=${jaas('plain.Plain', ' user_inter="inter-secret" user_alice="alice-secret"')}`,
        `${listener}.scram-sha-256.sasl.jaas.config=${jaas('scram.Scram')}`,
        `${listener}.scram-sha-512.sasl.jaas.config=${jaas('scram.Scram')}`,
      ],
      format: ['256', '512'].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=alice,password=alice-secret]`]),
    })
    await broker.start()
    await until('it takes log-ins', () => check({ brokers: [broker.address], sasl: login('PLAIN') }), {
      withinMs: 60_000,
    })
  }, 120_000)
  afterAll(async () => {
    await broker?.kill()
    await rm(folder, { recursive: true, force: true })
  })
  const login = (mechanism: string, password = 'alice-secret') => ({ mechanism, username: 'alice', password })

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    '%s: the right password opens, a wrong one does not, and is not told',
    async (mechanism) => {
      const brokers = [broker.address]
      expect(await check({ brokers, sasl: login(mechanism) })).toMatch(/^Connected/)
      const refused = await check({ brokers, sasl: login(mechanism, 'pa55-word') }).catch((error: Error) => error)
      expect(refused).toMatchObject({ code: 'connection.denied', hint: expect.stringContaining('sasl') })
      expect(`${refused}${JSON.stringify(refused)}`).not.toContain('pa55-word')
    },
  )

  test('whoever does not log in is told that it may be that', async () => {
    await expect(check({ brokers: [broker.address] })).rejects.toMatchObject({
      code: 'connection.refused',
      hint: expect.stringContaining('sasl'),
    })
  })
})

describeWithJava('brokers that encrypt', () => {
  let ca: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etl-kafka-'))
    const store = join(folder, 'broker.p12')
    const keys = ['-keystore', store, '-storepass', 'store-secret', '-alias', 'broker']
    const keytool = (...args: string[]) => execFileSync('keytool', [...args, ...keys], { stdio: 'pipe' })
    keytool(
      '-genkeypair',
      '-keyalg',
      'RSA',
      '-dname',
      'CN=broker.example',
      '-ext',
      'san=dns:broker.example',
      '-storetype',
      'PKCS12',
    )
    keytool('-exportcert', '-rfc', '-file', join(folder, 'ca.pem'))
    ca = await readFile(join(folder, 'ca.pem'), 'utf8')
    broker = await privateKafka(folder, {
      listener: 'SSL',
      properties: [
        ...[`ssl.keystore.location=${store}`, 'ssl.keystore.password=store-secret', 'ssl.key.password=store-secret'],
        ...[
          `ssl.truststore.location=${store}`,
          'ssl.truststore.password=store-secret',
          'ssl.endpoint.identification.algorithm=',
        ],
      ],
    })
    await broker.start()
    await until('it answers', () => check({ brokers: [broker.address], tls: { rejectUnauthorized: false } }), {
      withinMs: 60_000,
    })
  }, 120_000)
  afterAll(async () => {
    await broker?.kill()
    await rm(folder, { recursive: true, force: true })
  })

  test('are known by their certificate and its name', async () => {
    const brokers = [broker.address]
    expect(await check({ brokers, tls: { ca, serverName: 'broker.example' } })).toMatch(/^Connected/)
    const refused = { code: 'connection.refused', hint: expect.stringContaining('tls') }
    await expect(check({ brokers, tls: true })).rejects.toMatchObject(refused)
    await expect(check({ brokers, tls: { ca } })).rejects.toMatchObject(refused)
    await expect(check({ brokers })).rejects.toMatchObject(refused)
  })
})
