/** A file as it was when it was listed; `size`, `mtimeMs` and `etag` tell whether it changed since. */
export interface ListedFile {
  /** Whole: `/data/x.csv`, `s3://bucket/x.csv`. */
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  /** Of an object in a bucket. */
  readonly etag?: string
}

/** How files are reached. */
export interface Lying {
  /** Absent: the file lies on a disk, under its path. */
  readonly open?: (file: ListedFile) => OpenFile
  /** All of it in this folder, which is all that DuckDB may read: a link, or a copy. Answers its path. */
  fetch(file: ListedFile, folder: string): Promise<string>
}

/** The files that a path or a pattern names: on a disk, or in a bucket. */
export interface Files extends Lying {
  /** Sorted by name. Throws `source.missing` if there are none. */
  list(): Promise<readonly ListedFile[]>
  /** Throws `source.changed` if the file is not the one that was planned: a replay would not read the same records. */
  checkUnchanged(file: ListedFile): Promise<void>
  /** Until there is a file that is not known, or the signal is aborted. */
  awaitNew(isKnown: (path: string) => boolean, signal: AbortSignal): Promise<void>
}

export interface OpenFile {
  /** Fills `bytes` from an offset on; answers how many there were, 0 behind the end. */
  read(bytes: Buffer, from: number): Promise<number>
  close(): Promise<void>
}
