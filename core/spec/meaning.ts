/** What the keys of a spec mean together, as far as it can be told without opening anything. */
import type { Catalogue } from './catalogue.js'
import type { Outline } from './outline.js'
import type { SpecEdge } from './resolve-edges.js'

export interface Meaning {
  readonly raw: Readonly<Record<string, unknown>>
  readonly outline: Outline
  readonly edges: readonly SpecEdge[]
  readonly catalogue: Catalogue
}
