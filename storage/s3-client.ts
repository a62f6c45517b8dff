import type { S3Client } from '@aws-sdk/client-s3'

/** Where a bucket is, and who asks. */
export interface BucketPlace {
  readonly bucket: string
  /** null: as the AWS environment says, and else AWS. */
  readonly endpoint: string | null
  /** null: as the AWS environment says. */
  readonly region: string | null
  /** The bucket in the path and not in the host's name, as most servers other than AWS have it. */
  readonly pathStyle: boolean
  /** Absent: of the AWS environment. */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

export type S3 = Awaited<ReturnType<typeof openS3>>

/** Loaded only where it is needed: it takes a while. */
export async function openS3({ endpoint, region, pathStyle, credentials }: BucketPlace) {
  const sdk = await import('@aws-sdk/client-s3')
  const client: S3Client = new sdk.S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...regionOf(endpoint, region),
    ...(credentials && { credentials }),
    forcePathStyle: pathStyle,
    // Not every server understands checksums that AWS came to ask for later.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: silent,
    // Asked again here, where a file is opened anew for each try.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
  })
  return { ...sdk, client }
}

/** What goes wrong is told by its error. */
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore }

function ignore(): void {}

/** Servers other than AWS seldom care, and the SDK insists on one. */
function regionOf(endpoint: string | null, region: string | null): { readonly region?: string } {
  if (region !== null) return { region }
  const named = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION
  return endpoint === null || named !== undefined ? {} : { region: 'us-east-1' }
}
