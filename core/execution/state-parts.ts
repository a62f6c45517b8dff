/** A keyed state lies in a base and parts of what came since: how many there are, and when they are written anew. */

/** Reading them all must stay cheap. */
const mostParts = 20

/** Of so few rows, a part less is worth more than what it costs to write them again. */
const fewRows = 1_000

/**
 * How many of the parts, whose rows are given from the base on, stay as they are when `added` rows come; the rest become
 * one part with these. 0: all is written anew. A part is at least twice as large as the one after it, so a row is
 * written again only as often as its part doubles; the base is written anew when what came since has grown as large.
 */
export function partsThatStay(parts: readonly number[], added: number): number {
  const [base = 0, ...since] = parts
  const all = since.reduce((sum, rows) => sum + rows, added)
  if (base < fewRows || all >= base) return 0
  let stay = parts.length
  let last = added
  while (stay > 1 && (stay >= mostParts || parts[stay - 1]! < 2 * Math.max(last, fewRows))) {
    stay -= 1
    last += parts[stay]!
  }
  return stay
}
