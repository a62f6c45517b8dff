/** `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-central-1`. */
import { JobError } from '../core/errors/job-error.js'
import { checkPrefix } from './key.js'
import type { BucketPlace } from './s3-client.js'

export interface S3Place extends BucketPlace {
  /** Empty, or ends in a slash. */
  readonly prefix: string
}

const KNOWN = ['endpoint', 'region', 'pathStyle']

export function parseS3Url(text: string): S3Place {
  if (!URL.canParse(text)) throw invalid('The storage URL must look like s3://bucket/prefix.')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '')
    throw invalid('The storage URL must not hold credentials.', 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.')
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host))
    throw invalid('The storage URL must name a bucket: s3://bucket/prefix.')
  const unknown = [...url.searchParams.keys()].find((name) => !KNOWN.includes(name))
  if (unknown !== undefined)
    throw invalid(`The storage URL has a setting ${unknown}, which is not known.`, `Known are ${KNOWN.join(', ')}.`)
  const endpoint = url.searchParams.get('endpoint')
  if (endpoint !== null && !/^https?:\/\/[^/?#@]+\/?$/.test(endpoint))
    throw invalid('The endpoint of the storage URL must look like https://host:port.')
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '')
  return {
    bucket: url.host,
    prefix: path === '' ? '' : `${checkPrefix(path)}/`,
    endpoint,
    region: url.searchParams.get('region'),
    pathStyle: (url.searchParams.get('pathStyle') ?? String(endpoint !== null)) === 'true',
  }
}

function invalid(message: string, hint?: string): JobError {
  return new JobError('environment.invalid', message, hint === undefined ? {} : { hint })
}
