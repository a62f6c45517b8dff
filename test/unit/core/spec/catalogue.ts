import type { Catalogue } from '../../../../core/spec/catalogue.js'

/** A few connectors and operators, as they are. */
export const catalogue: Catalogue = {
  connectors: [
    { name: 'file', source: true, sink: true },
    { name: 'jdbc', source: true, sink: true },
    { name: 'feed', source: true, sink: false },
  ],
  operators: [
    { type: 'FILTER', ports: [{ name: 'input' }], modes: ['BATCH', 'STREAMING'], late: false },
    { type: 'SORT', ports: [{ name: 'input' }], modes: ['BATCH'], late: false },
    { type: 'JOIN', ports: [{ name: 'left' }, { name: 'right', blocking: true }], modes: ['BATCH'], late: false },
    { type: 'UNION', ports: 'MANY', modes: ['BATCH', 'STREAMING'], late: false },
    { type: 'SQL', ports: 'MANY', modes: ['BATCH'], late: false },
    { type: 'WINDOW', ports: [{ name: 'input' }], modes: ['BATCH', 'STREAMING'], late: true },
  ],
}
