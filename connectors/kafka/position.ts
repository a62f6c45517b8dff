/** Where reading a topic stands, as plain JSON. Offsets by partition. */
export interface KafkaPosition {
  /** Of the topic that was there when reading began: one that was made anew in its place has other messages. */
  readonly topicId: string
  /** The next to read. */
  readonly next: Offsets
  /** Where this execution ends, exclusive; null: never. */
  readonly until: Offsets | null
  /** Of the first messages that were seen; null: there have been none. */
  readonly measure: Measure | null
}

export type Offsets = Readonly<Record<string, number>>

export interface Measure {
  readonly bytesPerMessage: number
  /** More than 1 where a topic was compacted. */
  readonly offsetsPerMessage: number
}

/** What one subtask reads of one partition: offsets from `from` up to `to`, some of which may hold no message. */
export interface KafkaSplit {
  readonly topicId: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

export const isEnd = ({ next, until }: KafkaPosition): boolean =>
  until !== null && Object.entries(until).every(([partition, end]) => next[partition]! >= end)
