/** Jobs below examples/reference/, which the tests run: each on the page of every connector that it uses. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export interface Example {
  readonly file: string
  readonly text: string
  /** Connectors that it reads from, and writes to. */
  readonly sources: readonly string[]
  readonly sinks: readonly string[]
}

export function readExamples(folder: string): readonly Example[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'))
  return files.sort().map((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const { nodes } = parse(text) as { readonly nodes: readonly Readonly<Record<string, unknown>>[] }
    const named = (side: string) => nodes.flatMap((node) => (typeof node[side] === 'string' ? [node[side]] : []))
    return { file, text, sources: named('source'), sinks: named('sink') }
  })
}

/** From the build, two folders below the checkout's. */
export const examplesFolder = fileURLToPath(new URL('../../../examples/reference', import.meta.url))

/** Its first line says what it shows. */
export function shownExample({ file, text }: Example): string {
  const [first = '', ...rest] = text.split('\n')
  return `${first.replace(/^# /, '')} (\`examples/reference/${file}\`)\n\n\`\`\`yaml\n${rest.join('\n').trimEnd()}\n\`\`\``
}
