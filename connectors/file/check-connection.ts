import { countBuckets } from '../../storage/bucket.js'
import { placeOf, use } from './bucket-path.js'
import type { S3Connection } from './config.js'

/** Is the server there, and does it know these credentials? Which buckets they open is seen when one is used. */
export async function checkConnection(connection: S3Connection): Promise<string> {
  const place = placeOf('', connection)
  const buckets = await countBuckets(place, use)
  const what = buckets === null ? 'buckets cannot be listed' : `${buckets} ${buckets === 1 ? 'bucket' : 'buckets'}`
  return `Connected to ${place.endpoint ?? 'AWS'}; ${what}.`
}
