/** Where a sink writes: a folder of a disk, or of a bucket. Names are relative to it, with slashes. */
export interface TargetFiles {
  /** The folder, for people. */
  readonly shown: string
  makeFolder(name: string): Promise<void>
  /** Creates a file with this text only if there is none; false if there was one. Durable when it resolves. */
  create(name: string, text: string): Promise<boolean>
  /** null: there is none. */
  read(name: string): Promise<string | null>
  /** Of files directly in a folder; null: there is no such folder. */
  names(folder: string): Promise<readonly string[] | null>
  /** Of all files in a folder and the folders in it, relative to it: but for what begins with `_` or `.`. */
  below(folder: string): Promise<readonly string[]>
  /** Moves a local file in; durable when it resolves. Nobody ever sees half of it. */
  put(local: string, name: string): Promise<void>
  /** Gives files other names, each unless that was done before. Durable when it resolves. */
  rename(moves: readonly Move[]): Promise<void>
  /** Keeps what a file holds now under a second name; false: there is no such file. */
  keep(name: string, as: string): Promise<boolean>
  /** A local file with what it holds, for reading: of this folder, or where it lies. */
  local(name: string, folder: string): Promise<string>
  remove(names: readonly string[]): Promise<void>
  removeFolder(name: string): Promise<void>
}

export interface Move {
  readonly from: string
  readonly to: string
}

export const isHidden = (name: string): boolean => /(^|\/)[._]/.test(name)
