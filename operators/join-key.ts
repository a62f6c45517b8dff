/** By which columns the sides of a join can be split. */
const SIDE = String.raw`"?(left|right)"?\s*\.\s*(?:([A-Za-z_]\w*)|"((?:[^"]|"")+)")`
const EQUALITY = new RegExp(String.raw`^\(*\s*${SIDE}\s*=\s*${SIDE}\s*\)*$`, 'i')

/** The columns that `on` compares, if it is nothing but equalities: by these both sides can be split. */
export function equalColumns(on: string): Readonly<Record<string, readonly string[]>> | null {
  const keys: { left: string[]; right: string[] } = { left: [], right: [] }
  for (const part of on.split(/\s+and\s+/i)) {
    const [, side = '', plain, quoted, otherSide = '', otherPlain, otherQuoted] = EQUALITY.exec(part.trim()) ?? []
    const [first, second] = [side.toLowerCase(), otherSide.toLowerCase()]
    if (first === second || first === '') return null
    keys[first as 'left' | 'right'].push(plain ?? quoted!.replaceAll('""', '"'))
    keys[second as 'left' | 'right'].push(otherPlain ?? otherQuoted!.replaceAll('""', '"'))
  }
  return keys
}
