import { describe, expect, test } from '@jest/globals'
import { readEnvironment, readMysqlUrl } from '../../../process/environment.js'

const least = { ETL_MYSQL_URL: 'mysql://u:p@h:3306/etl', ETL_SECRET_KEY: 'ab'.repeat(32) }

describe('the environment', () => {
  test('needs a database and a key, and has defaults for the rest', () => {
    expect(readEnvironment(least)).toMatchObject({
      temporal: { address: '127.0.0.1:7233', namespace: 'default' },
      api: { host: '127.0.0.1', port: 8080 },
      workerMetrics: { host: '127.0.0.1', port: null },
      heartbeatTimeoutMs: 10_000,
      logLevel: 'info',
      adminPassword: null,
      allowPrivateHosts: [],
    })
    expect(readEnvironment({ ...least, ETL_HOME: '/h' })).toMatchObject({
      home: '/h',
      storageUrl: 'file:///h/storage',
      fileRoots: [expect.stringMatching(/\/examples$/), '/h/files'],
    })
  })

  test('that is wrong is one error that names every bad variable', () => {
    const bad = {
      ETL_MYSQL_URL: 'postgres://h/d',
      ETL_TEMPORAL_ADDRESS: 'nowhere',
      ETL_API_PORT: '70000',
      ETL_STORAGE_URL: '/folder',
      ETL_WORKER_SLOTS: '0',
      ETL_WORKER_METRICS_PORT: 'many',
      ETL_HEARTBEAT_TIMEOUT: 'soon',
      ETL_LOG_LEVEL: 'loud',
      ETL_ALLOW_PRIVATE_HOSTS: 'http://files.example',
    }
    expect.assertions(Object.keys(bad).length + 2)
    try {
      readEnvironment(bad)
    } catch (error) {
      expect(error).toMatchObject({ code: 'environment.invalid' })
      for (const name of [...Object.keys(bad), 'ETL_SECRET_KEY']) expect(String(error)).toContain(name)
    }
  })

  test('says nothing of the values of secrets', () => {
    const url = 'mysql//u:opensesame@h'
    expect(() => readEnvironment({ ETL_MYSQL_URL: url, ETL_SECRET_KEY: 'opensesame' })).toThrow(
      expect.not.stringContaining('opensesame'),
    )
  })

  test('of migrations needs the database alone', () => {
    expect(readMysqlUrl({ ETL_MYSQL_URL: least.ETL_MYSQL_URL })).toBe(least.ETL_MYSQL_URL)
    expect(() => readMysqlUrl({})).toThrow(/ETL_MYSQL_URL is not set/)
  })

  test('takes lists and durations as people write them', () => {
    const given = {
      ETL_FILE_ROOTS: 's3://in/c,/a:/b:s3://out/d',
      ETL_ALLOW_PRIVATE_HOSTS: '10.0.0.0/8, localhost',
      ETL_HEARTBEAT_TIMEOUT: '2m',
    }
    expect(readEnvironment({ ...least, ...given })).toMatchObject({
      fileRoots: ['/a', '/b', 's3://in/c', 's3://out/d'],
      allowPrivateHosts: ['10.0.0.0/8', 'localhost'],
      heartbeatTimeoutMs: 120_000,
    })
  })
})
