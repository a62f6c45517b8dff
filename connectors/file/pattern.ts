import { access, readdir } from 'node:fs/promises'
import { join, parse, sep } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'

/**
 * The files that a pattern with `*`, `?`, `[…]`, `{a,b}` and `**` matches, sorted by name; behind `\` a character is
 * itself. Names that begin with `.` or `_` are matched only when the pattern spells them so: others keep unfinished files
 * there. An existing file whose name looks like a pattern is that file.
 */
export async function expandPattern(
  absolute: string,
): Promise<{ readonly paths: string[]; readonly pattern: boolean }> {
  const pattern = isPattern(absolute) && !(await exists(absolute))
  if (!pattern) return { paths: [absolute], pattern }
  const { root } = parse(absolute)
  const paths = new Set<string>()
  for (const one of expandBraces(absolute)) {
    for await (const path of matches(root, one.slice(root.length).split(sep))) paths.add(path)
  }
  return { paths: [...paths].sort((a, b) => (a < b ? -1 : 1)), pattern }
}

/** Whether a file of its folder matches, by name alone; null: files of several folders may. */
export function matcherOf(absolute: string): ((name: string) => boolean) | null {
  const segments = absolute.split(sep)
  const last = segments.pop() ?? ''
  if (last === '**' || isPattern(segments.join(sep))) return null
  const matchers = expandBraces(last).map((segment) => {
    const expression = segmentExpression(segment)
    return (name: string) => expression.test(name) && !isHidden(name, segment)
  })
  return (name) => matchers.some((matches) => matches(name))
}

/** Keys of a bucket that a pattern matches, and what all of them begin with; null: it is no pattern. */
export function keyMatcher(
  pattern: string,
): { readonly prefix: string; readonly matches: (key: string) => boolean } | null {
  if (!isPattern(pattern)) return null
  const patterns = expandBraces(pattern).map((one) => one.split('/'))
  return {
    prefix: pattern.slice(0, pattern.search(/[*?[{\\]/)),
    matches: (key) => patterns.some((segments) => matchesSegments(key.split('/'), segments)),
  }
}

function matchesSegments(names: readonly string[], [segment, ...rest]: readonly string[]): boolean {
  const [name, ...below] = names
  if (segment === undefined || name === undefined) return segment === undefined && name === undefined
  if (segment === '**') {
    const here = matchesSegments(names, rest.length === 0 ? ['*'] : rest)
    return here || (below.length > 0 && !isHidden(name, segment) && matchesSegments(below, [segment, ...rest]))
  }
  return segmentExpression(segment).test(name) && !isHidden(name, segment) && matchesSegments(below, rest)
}

const isHidden = (name: string, segment: string) => /^[._]/.test(name) && !segment.startsWith(name[0]!)

const isPattern = (text: string) => /[*?[{]/.test(text)

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

async function* matches(folder: string, [segment, ...rest]: readonly string[]): AsyncGenerator<string> {
  if (segment === undefined) return
  const last = rest.length === 0
  if (!isPattern(segment)) {
    const path = join(folder, segment)
    if (!last) yield* matches(path, rest)
    else if (await exists(path)) yield path
    return
  }
  if (segment === '**') yield* matches(folder, last ? ['*'] : rest)
  const expression = segmentExpression(segment)
  // A folder that cannot be listed has no matches; a file that cannot be read is reported when it is listed.
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!expression.test(entry.name) || isHidden(entry.name, segment)) continue
    const path = join(folder, entry.name)
    if (segment === '**' && entry.isDirectory()) yield* matches(path, [segment, ...rest])
    else if (segment !== '**' && !last) yield* matches(path, rest)
    else if (segment !== '**' && !entry.isDirectory()) yield path
  }
}

function segmentExpression(segment: string): RegExp {
  const source = segment.replace(/\\.|\*+|\?|\[[^\]]+\]|[.+^${}()|\\[\]]/gs, (token) => {
    if (token.startsWith('\\') && token.length > 1) return token.slice(1).replace(/\W/, '\\$&')
    if (token.startsWith('*')) return '.*'
    if (token === '?') return '.'
    if (token.startsWith('[') && token.length > 1) return token.replaceAll('\\', '\\\\').replace(/^\[!/, '[^')
    return `\\${token}`
  })
  try {
    return new RegExp(`^${source}$`, 's')
  } catch (cause) {
    throw new JobError('config.invalid', `The pattern \`${segment}\` cannot be read.`, {
      cause,
      pointer: '/path',
      hint: 'A range in brackets goes upwards, `[a-z]`; a backslash before a bracket means the bracket itself.',
    })
  }
}

function expandBraces(pattern: string): string[] {
  const braces = /(?<!\\)\{([^{}]*)(?<!\\)\}/.exec(pattern)
  if (!braces) return [pattern]
  const before = pattern.slice(0, braces.index)
  const after = pattern.slice(braces.index + braces[0].length)
  return braces[1]!.split(',').flatMap((choice) => expandBraces(before + choice + after))
}
