import { describe, expect, test } from '@jest/globals'
import { openStore } from '../../../storage/open-store.js'
import { parseS3Url } from '../../../storage/s3-url.js'

describe('the URL of a bucket', () => {
  test('names bucket, prefix, endpoint and region', () => {
    expect(parseS3Url('s3://bucket/a/b/?endpoint=http://127.0.0.1:9000&region=eu-central-1')).toEqual({
      bucket: 'bucket',
      prefix: 'a/b/',
      endpoint: 'http://127.0.0.1:9000',
      region: 'eu-central-1',
      pathStyle: true,
    })
    expect(parseS3Url('s3://bucket')).toMatchObject({ prefix: '', endpoint: null, region: null, pathStyle: false })
    expect(openStore('s3://bucket/a?region=eu-central-1').url).toBe('s3://bucket/a/')
  })

  test.each([
    ['s3://', 'must name a bucket'],
    ['s3://B/x', 'must name a bucket'],
    ['s3://bucket/a/../b?region=', 'region'],
    ['s3://bucket/a//b', 'is not a key'],
    ['s3://key:opensesame@bucket/a', 'must not hold credentials'],
    ['s3://bucket/a?endpiont=http://x', 'endpiont'],
    ['s3://bucket/a?endpoint=127.0.0.1:9000', 'must look like https://host:port'],
    ['s3://bucket/a?endpoint=http://key:opensesame@host', 'must look like https://host:port'],
  ])('is refused: %s', (url, why) => {
    const message = (() => {
      try {
        return JSON.stringify(parseS3Url(url))
      } catch (error) {
        return String(error)
      }
    })()
    expect(message).toContain(why)
    expect(message).not.toContain('opensesame')
  })
})
