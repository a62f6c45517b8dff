/** JSON pointers (RFC 6901): where in a document something is. */
export type PathKey = string | number | symbol

export function pointerTo(path: readonly PathKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

export function pathOf(pointer: string): string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

export function valueAt(value: unknown, path: readonly PathKey[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    return (at as Record<PathKey, unknown>)[key]
  }, value)
}
