/** The catalogue on a server that takes nothing but TLS, with certificates of an authority that nobody else trusts. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openDatabase } from '../../models/database.js'
import { migrate } from '../../models/migrate.js'
import { readMysqlUrl } from '../../process/environment.js'
import { privateMysql, type Service } from '../support/services.js'

const run = promisify(execFile)
let folder: string
let mysql: Service
let administer: object
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-tls-'))
  await authority('ca')
  await authority('other-ca')
  await certificate('server', 'subjectAltName=DNS:localhost')
  await certificate('elsewhere', 'subjectAltName=DNS:elsewhere.example')
  await certificate('client', 'subjectAltName=DNS:client')
  administer = { ssl: { ca: await readFile(at('ca.pem')) } }
  mysql = await privateMysql(folder, options('server'), administer)
  await mysql.start()
}, 120_000)

afterAll(async () => {
  await mysql?.kill()
  await rm(folder, { recursive: true, force: true })
})

const options = (name: string) => [
  `--ssl-ca=${at('ca.pem')}`,
  `--ssl-cert=${at(`${name}.pem`)}`,
  `--ssl-key=${at(`${name}.key`)}`,
  '--require-secure-transport=ON',
]

const named = ({ address }: Service) => address.replace('127.0.0.1', 'localhost')

/** The URL as a process makes it of its variables. */
const urlWith = (variables: Readonly<Record<string, string>>, user = 'root') =>
  readMysqlUrl({ ETL_MYSQL_URL: `${named(mysql).replace('root', user)}/etl_framework`, ...variables })

async function ping(url: string) {
  const database = await openDatabase(url)
  try {
    return await database.ping()
  } finally {
    await database.close()
  }
}

describe('MySQL over TLS', () => {
  test('is migrated and used with the authority that signed its certificate', async () => {
    const url = urlWith({ ETL_MYSQL_TLS_CA: at('ca.pem') })
    await migrate(url)
    expect(await ping(url)).toMatchObject({ reachable: true, migrations: 'CURRENT' })
    const database = await openDatabase(url)
    const [status] = await database.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Ssl_version'")
    await database.close()
    expect(status?.Value).toMatch(/^TLSv1\.[23]$/)
  })

  test('is refused in the clear, by default trust, and by another authority; not verified, it is taken', async () => {
    expect(await ping(urlWith({}))).toMatchObject({ reachable: false })
    expect(await ping(urlWith({ ETL_MYSQL_TLS: 'true' }))).toMatchObject({ reachable: false })
    const foreign = await ping(urlWith({ ETL_MYSQL_TLS_CA: at('other-ca.pem') }))
    expect(foreign).toMatchObject({ reachable: false, message: expect.stringMatching(/as safely as is asked for/) })
    const careless = urlWith({ ETL_MYSQL_TLS: 'true', ETL_MYSQL_TLS_VERIFY: 'false' })
    expect(await ping(careless)).toMatchObject({ reachable: true })
  })

  test('of another host is refused, though its authority is right', async () => {
    const other = await mkdtemp(join(tmpdir(), 'etl-tls-'))
    const server = await privateMysql(other, options('elsewhere'), { ssl: { rejectUnauthorized: false } })
    await server.start()
    try {
      const of = (more: object) =>
        readMysqlUrl({ ETL_MYSQL_URL: `${named(server)}/mysql`, ETL_MYSQL_TLS_CA: at('ca.pem'), ...more })
      expect(await ping(of({}))).toMatchObject({ reachable: false })
      expect(await ping(of({ ETL_MYSQL_TLS_VERIFY: 'false' }))).toMatchObject({ reachable: true })
    } finally {
      await server.kill()
      await rm(other, { recursive: true, force: true })
    }
  }, 60_000)

  test('that asks for a certificate of the client gets it', async () => {
    const careful = new URL(urlWith({ ETL_MYSQL_TLS_CA: at('ca.pem') }))
    careful.search = ''
    const { createConnection } = await import('mysql2/promise')
    const connection = await createConnection({ uri: careful.href.replace('/etl_framework', '/mysql'), ...administer })
    await connection.query("CREATE USER 'certified'@'%' REQUIRE X509")
    await connection.query("CREATE USER 'certified'@'localhost' REQUIRE X509")
    await connection.query("GRANT ALL ON *.* TO 'certified'@'%'")
    await connection.query("GRANT ALL ON *.* TO 'certified'@'localhost'")
    await connection.end()
    const ca = { ETL_MYSQL_TLS_CA: at('ca.pem') }
    const own = { ETL_MYSQL_TLS_CERT: at('client.pem'), ETL_MYSQL_TLS_KEY: at('client.key') }
    expect(await ping(urlWith(ca, 'certified'))).toMatchObject({ reachable: false })
    expect(await ping(urlWith({ ...ca, ...own }, 'certified'))).toMatchObject({ reachable: true })
    expect(() => urlWith({ ...ca, ETL_MYSQL_TLS_CERT: at('client.pem') })).toThrow(/belong together/)
    expect(() => urlWith({ ETL_MYSQL_TLS_CA: at('none.pem') })).toThrow(/ETL_MYSQL_TLS_CA .*ENOENT/)
  })
})

async function authority(name: string): Promise<void> {
  const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes', '-newkey', 'rsa:2048']
  await run('openssl', ['req', '-x509', ...subject, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)])
}

async function certificate(name: string, extension: string): Promise<void> {
  await writeFile(at(`${name}.ext`), `${extension}\n`)
  const request = ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'rsa:2048', '-keyout', at(`${name}.key`)]
  await run('openssl', ['req', '-new', ...request, '-out', at(`${name}.csr`)])
  const signed = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at(`${name}.ext`),
  ]
  await run('openssl', ['x509', '-req', '-in', at(`${name}.csr`), ...signed, '-out', at(`${name}.pem`)])
}
