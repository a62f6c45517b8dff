/** What somebody who meets an error code needs beyond its meaning. The pages of docs/operations/errors/ are made of it. */
export interface Advice {
  /** How it comes about, in a sentence or two. */
  readonly why: string
  /** What to look at. */
  readonly look: readonly string[]
  /** What to do. */
  readonly act: readonly string[]
}
