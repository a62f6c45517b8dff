/** The hash by which Java's producer finds the partition of a key, so that ours and others' messages of a key meet. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

export function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995
  const { length } = data
  const tail = length & ~3
  let hash = 0x9747b28c ^ length
  for (let at = 0; at < tail; at += 4) {
    let part = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    part = Math.imul(part, m)
    part ^= part >>> 24
    hash = Math.imul(hash, m) ^ Math.imul(part, m)
  }
  const left = length & 3
  if (left > 2) hash ^= data[tail + 2]! << 16
  if (left > 1) hash ^= data[tail + 1]! << 8
  if (left > 0) hash = Math.imul(hash ^ data[tail]!, m)
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  return (hash ^ (hash >>> 15)) | 0
}
