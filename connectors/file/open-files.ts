import type { ConnectorContext } from '../spi.js'
import { bucketFiles } from './bucket-files.js'
import { isInBucket } from './bucket-path.js'
import type { S3Connection } from './config.js'
import { diskFiles } from './disk-files.js'
import type { Files } from './files.js'

export function openFiles(path: string, connection: S3Connection | null, ctx: ConnectorContext): Files {
  return isInBucket(path) ? bucketFiles(path, connection, ctx) : diskFiles(path, ctx)
}
