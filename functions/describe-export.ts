/** A module of somebody else, loaded in a process of its own: whatever it does there, this one goes on. */
import { Child } from './child-process.js'
import type { FoundModule } from './find-module.js'
import { functionProgram } from './function-program.js'

export type DescribedExport =
  /** As JSON, with `[function]` where it has one. */
  | { readonly ok: true; readonly description: unknown; readonly exports: readonly string[] }
  /** `it …`, or what it threw. */
  | { readonly ok: false; readonly why: string }

const limits = { memoryLimitBytes: 256 * 1024 ** 2, prints: 'NOWHERE' } as const

export async function describeExport(module: FoundModule, name: string, timeoutMs: number): Promise<DescribedExport> {
  const child = new Child(functionProgram(module.folder), limits)
  try {
    const said = await child.ask({ kind: 'DESCRIBE', file: module.file, name }, timeoutMs)
    if (said.kind === 'DESCRIBED') return { ok: true, description: said.description, exports: said.exports }
    if (said.kind === 'GONE') return { ok: false, why: `it ${said.why}` }
    if (said.kind === 'LATE') return { ok: false, why: `it takes longer than ${timeoutMs / 1000} seconds` }
    return { ok: false, why: 'message' in said ? said.message : 'it does not say what it exports' }
  } finally {
    await child.end()
  }
}
