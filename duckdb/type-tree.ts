/** What a nested type is made of, from the way DuckDB writes it. */
import { identifier } from './sql.js'

export type TypeTree =
  | { readonly kind: 'LEAF'; readonly type: string }
  /** `length`: `[]`, or `[3]` of an array. */
  | { readonly kind: 'LIST'; readonly of: TypeTree; readonly length: string }
  | { readonly kind: 'STRUCT'; readonly fields: readonly { readonly name: string; readonly of: TypeTree }[] }
  | { readonly kind: 'MAP'; readonly key: TypeTree; readonly value: TypeTree }

export function typeTree(type: string): TypeTree {
  const length = /\[\d*\]$/.exec(type)?.[0]
  if (length !== undefined) return { kind: 'LIST', of: typeTree(type.slice(0, -length.length)), length }
  const [, nested, inside = ''] = /^(STRUCT|MAP)\((.*)\)$/s.exec(type) ?? []
  if (nested === 'STRUCT') return { kind: 'STRUCT', fields: parts(inside).map(field) }
  if (nested === undefined) return { kind: 'LEAF', type }
  const [key = '', value = ''] = parts(inside)
  return { kind: 'MAP', key: typeTree(key), value: typeTree(value) }
}

/** As DuckDB takes it, with what stands for each leaf. */
export function spelled(tree: TypeTree, leaf: (type: string) => string = (type) => type): string {
  if (tree.kind === 'LEAF') return leaf(tree.type)
  if (tree.kind === 'LIST') return `${spelled(tree.of, leaf)}${tree.length}`
  if (tree.kind === 'MAP') return `MAP(${spelled(tree.key, leaf)}, ${spelled(tree.value, leaf)})`
  return `STRUCT(${tree.fields.map(({ name, of }) => `${identifier(name)} ${spelled(of, leaf)}`).join(', ')})`
}

/** Between the commas that stand in no brackets and no quotes. */
function parts(inside: string): string[] {
  const found: string[] = []
  let depth = 0
  let from = 0
  for (const { 0: token, index } of inside.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]/g)) {
    if (token === '(') depth += 1
    else if (token === ')') depth -= 1
    else if (token === ',' && depth === 0) {
      found.push(inside.slice(from, index).trim())
      from = index + 1
    }
  }
  return [...found, inside.slice(from).trim()]
}

function field(written: string) {
  const [whole = '', quoted, plain = ''] = /^(?:"((?:[^"]|"")*)"|(\S+))\s+/.exec(written) ?? []
  return { name: quoted?.replaceAll('""', '"') ?? plain, of: typeTree(written.slice(whole.length)) }
}
