/** From the number of a record among those that are left to its number among all, of which `out` were left out. */
export function amongAll(out: readonly number[]): (index: number) => number {
  const sorted = [...out].sort((a, b) => a - b)
  return (index) => {
    // How many were left out before it: sorted[n] - n is how many are left before the n-th that is not.
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]! - middle <= index) low = middle + 1
      else high = middle
    }
    return index + low
  }
}
