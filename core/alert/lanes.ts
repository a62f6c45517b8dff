/** How many notifications are sent beside one another: a receiver that does not answer holds up nobody else's. */
export interface UnderWay {
  readonly receiver: string
  /** It does not answer, or did not the last time. */
  readonly isSlow: boolean
}

const MOST_OF_ONE = 4
const MOST_QUICK = 64
/** Each holds a socket and little else. */
const MOST_SLOW = 256

/** Slow ones take no lane of the quick, whoever they are for; of one receiver there are few in any case. */
export function hasLane({ receiver, isSlow }: UnderWay, underWay: readonly UnderWay[]): boolean {
  const own = underWay.filter((one) => one.receiver === receiver).length
  const alike = underWay.filter((one) => one.isSlow === isSlow).length
  return own < MOST_OF_ONE && alike < (isSlow ? MOST_SLOW : MOST_QUICK)
}
