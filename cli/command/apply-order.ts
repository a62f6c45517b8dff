/** In which order definitions are applied: each after what it names. */
import type { Definition } from '../definitions.js'

export type Applied = 'connection' | 'setting' | 'job' | 'alertRule'

/** Jobs are checked against connections, and rules against jobs. */
const KINDS: readonly Applied[] = ['connection', 'setting', 'job', 'alertRule']

export function inOrder<D extends Pick<Definition, 'kind' | 'value'>>(definitions: readonly D[]): readonly D[] {
  return KINDS.flatMap((kind) => {
    const ofKind = definitions.filter((one) => one.kind === kind)
    return kind === 'job' ? jobsInOrder(ofKind) : ofKind
  })
}

/** Those that others wait for first, else as they came; where they wait for each other, the server says so. */
function jobsInOrder<D extends Pick<Definition, 'value'>>(jobs: readonly D[]): readonly D[] {
  const ordered = new Set<D>()
  const entered = new Set<D>()
  const enter = (job: D) => {
    if (entered.has(job)) return
    entered.add(job)
    const names = upstreamOf(job)
    for (const one of jobs) if (names.includes(one.value.name)) enter(one)
    ordered.add(job)
  }
  jobs.forEach(enter)
  return [...ordered]
}

function upstreamOf({ value }: Pick<Definition, 'value'>): readonly unknown[] {
  const { on } = (value.schedule ?? {}) as { readonly on?: unknown }
  return Array.isArray(on) ? on : []
}
