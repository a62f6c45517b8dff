/** What a backup says of itself: written last, so that one that was broken off is none. */
export interface BackupManifest {
  readonly format: 1
  /** Folder and all files are named by it. */
  readonly name: string
  readonly createdAt: string
  readonly catalogueId: string
  /** Steps of the schema that the catalogue had. */
  readonly migrations: readonly string[]
  readonly history: boolean
  /** null: as it lies there anyone can read it; secrets in it are encrypted all the same. */
  readonly encryption: BackupEncryption | null
  readonly tables: readonly BackupTable[]
  readonly files: readonly BackupFile[]
}

export interface BackupEncryption {
  readonly algorithm: 'AES-256-GCM'
  readonly keyId: string
  /** Of the key of this backup, which is derived from that one; hex. */
  readonly salt: string
}

export interface StoredPart {
  /** Within the backup's folder. */
  readonly file: string
  readonly sizeBytes: number
  /** Of what lies there, hex. */
  readonly sha256: string
}

/** JSON lines, gzipped: an array of texts (or null) each, in the order of the columns. */
export interface BackupTable extends StoredPart {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: number
}

/** A file of the checkpoint store. */
export interface BackupFile extends StoredPart {
  readonly key: string
}

export const MANIFEST = 'manifest.json'

export const backupName = (catalogueId: string, at: Date): string =>
  `etl-backup-${catalogueId.slice(0, 8)}-${at.toISOString().replace(/[-:]/g, '').replace('.', '')}`

/** The folder of a backup, from the key of something in it. */
export function backupOf(key: string, catalogueId: string): string | null {
  return new RegExp(`^(etl-backup-${catalogueId.slice(0, 8)}-[0-9TZ]+)/`).exec(key)?.[1] ?? null
}

/** Oldest first; those beyond the newest `retain` go, and those that were broken off and are not the newest. */
export function backupsToRemove(
  backups: readonly { readonly name: string; readonly isWhole: boolean }[],
  retain: number,
): readonly string[] {
  const newestFirst = [...backups].sort((a, b) => (a.name < b.name ? 1 : -1))
  const kept = newestFirst.filter(({ isWhole }) => isWhole).slice(0, Math.max(1, retain))
  const newest = kept[0]?.name ?? ''
  return newestFirst
    .filter((one) => !kept.includes(one) && (one.isWhole || one.name < newest))
    .map(({ name }) => name)
    .reverse()
}
