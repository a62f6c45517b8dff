import type { Figure } from './benchmark.js'

export interface Judged {
  readonly name: string
  readonly figures: readonly Figure[]
}

const header = ['benchmark', 'ours', 'raw', 'ratio', 'target', '']

/** For people: as wide as its widest cell, numbers to the right. */
export function table(results: readonly Judged[]): string {
  const rows = [header, ...results.flatMap(cellsOf)]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const isNumber = (column: number) => column >= 1 && column <= 3
  return rows
    .map((row) =>
      row
        .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function cellsOf({ name, figures }: Judged): string[][] {
  return figures.map(({ what, unit, ours, raw, ratio, target, ok }) => [
    `${name}: ${what}`,
    amount(ours, unit),
    amount(raw, unit),
    ratio === null ? '' : `${ratio.toFixed(2)} x`,
    target ?? '',
    ok === null ? '' : ok ? 'ok' : 'missed',
  ])
}

function amount(value: number | null, unit: Figure['unit']): string {
  if (value === null) return '-'
  return `${value.toFixed(unit === 's' ? 2 : unit === 'ms' ? 1 : 0)} ${unit}`
}
