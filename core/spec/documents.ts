import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml'
import type { Problem } from '../errors/problem.js'
import { nearestHint } from './nearest.js'
import { pathOf } from './pointer.js'

/** A file of definitions, YAML or JSON, with one document or several. */
export type DocumentKind = 'job' | 'connection' | 'alertRule' | 'setting'

const KINDS: readonly DocumentKind[] = ['job', 'connection', 'alertRule', 'setting']

export interface ParsedDocument {
  readonly kind: DocumentKind
  readonly value: unknown
  /** Line of the file at which the document begins, from 1. */
  readonly line: number
  /** Line of the field that a JSON pointer names, or of what holds it. */
  readonly lineOf: (pointer: string) => number
}

export interface ParsedFile {
  readonly documents: readonly ParsedDocument[]
  readonly problems: readonly Problem[]
}

/** Dates stay text: what a value means is for the schema of its field to say. */
export function parseDocuments(text: string): ParsedFile {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    schema: 'core',
    prettyErrors: false,
    uniqueKeys: true,
    merge: true,
  })
  if (!Array.isArray(parsed)) return { documents: [], problems: [problem('', 'The file is empty.', null)] }
  const documents: ParsedDocument[] = []
  const problems: Problem[] = []
  for (const document of parsed as Document[]) {
    if (document.errors.length > 0) {
      for (const error of document.errors) problems.push(unreadable(error.message, lines.linePos(error.pos[0])))
      continue
    }
    const read = readDocument(document, lines)
    if (read === null) continue
    if ('code' in read) problems.push(read)
    else documents.push(read)
  }
  if (documents.length === 0 && problems.length === 0) problems.push(problem('', 'The file is empty.', null))
  return { documents, problems }
}

function readDocument(document: Document, lines: LineCounter): ParsedDocument | Problem | null {
  const line = lineAt(document, [], lines)
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return problem('', `Line ${line}: ${error instanceof Error ? error.message : String(error)}.`, null)
  }
  if (value === null || value === undefined) return null
  if (typeof value !== 'object' || Array.isArray(value)) {
    return problem('', `Line ${line}: a document must be an object with keys such as \`name\` and \`nodes\`.`, null)
  }
  const kind = 'kind' in value ? value.kind : 'job'
  if (!KINDS.includes(kind as DocumentKind)) {
    const hint = nearestHint(String(kind), KINDS) ?? `Known kinds: ${KINDS.join(', ')}.`
    return {
      ...problem('/kind', `Line ${line}: there is no kind of document \`${String(kind)}\`.`, hint),
      code: 'spec.invalid',
    }
  }
  return { kind: kind as DocumentKind, value, line, lineOf: (pointer) => lineAt(document, pathOf(pointer), lines) }
}

function lineAt(document: Document, path: readonly string[], lines: LineCounter): number {
  for (let length = path.length; length >= 0; length--) {
    const keys = path.slice(0, length).map((key) => (/^\d+$/.test(key) ? Number(key) : key))
    const node = length === 0 ? document.contents : document.getIn(keys, true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

function unreadable(message: string, { line, col }: { line: number; col: number }): Problem {
  return problem(
    '',
    `Line ${line}, column ${col}: ${message.replace(/\.?$/, '.')}`,
    'Check indentation, quotes and brackets there.',
  )
}

function problem(pointer: string, message: string, hint: string | null): Problem {
  return { pointer, nodeId: null, code: 'spec.unreadable', message, hint }
}
