import { isJobError } from '../../core/errors/job-error.js'
import { plainTrouble } from '../plain-trouble.js'
import type { BadMessage } from './formats.js'

export interface Trial {
  /** Reads these messages alone; null: all of them could be read. */
  attempt(indexes: readonly number[]): Promise<string | null>
  /** Bad ones of those that have just been attempted, by their place among them; none: they cannot be named. */
  named(): Promise<readonly BadMessage[]>
}

/** Which of so many messages can be read, and what is wrong with the others. The last attempt is that of the good ones. */
export async function tellApart(
  count: number,
  { attempt, named }: Trial,
): Promise<{ readonly good: readonly number[]; readonly bad: readonly BadMessage[] }> {
  const bad: BadMessage[] = []
  let good = Array.from({ length: count }, (_, index) => index)
  while (good.length > 0 && (await attempt(good)) !== null) {
    const found = (await named()).map((one) => ({ ...one, index: good[one.index]! }))
    const apart = found.length > 0 ? found : await byHalves(good, attempt)
    bad.push(...apart)
    const out = new Set(apart.map(({ index }) => index))
    good = good.filter((index) => !out.has(index))
  }
  if (good.length === 0) await attempt(good)
  return { good, bad: bad.sort((a, b) => a.index - b.index) }
}

async function byHalves(indexes: readonly number[], attempt: Trial['attempt']): Promise<readonly BadMessage[]> {
  const trouble = await attempt(indexes)
  if (trouble === null) return []
  if (indexes.length === 1) return [{ index: indexes[0]!, message: trouble }]
  const middle = indexes.length >> 1
  const left = await byHalves(indexes.slice(0, middle), attempt)
  return [...left, ...(await byHalves(indexes.slice(middle), attempt))]
}

/** What an attempt says of an error: that of a record; any other is thrown on. */
export function troubleOf(error: unknown): string {
  if (!isJobError(error) || ['cancelled', 'disk.full', 'memory.exhausted'].includes(error.code)) throw error
  return plainTrouble(error.message)
}
