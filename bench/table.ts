/** Tables of figures, for a terminal and for a page. */
import type { Figure } from './benchmark.js'

export interface Judged {
  readonly name: string
  readonly figures: readonly Figure[]
}

type Row = readonly string[]

export const header: Row = ['benchmark', 'ours', 'raw', 'ratio', 'target', 'verdict']
export const numeric: readonly number[] = [1, 2, 3]

export function table(results: readonly Judged[]): string {
  const rows = [header, ...results.flatMap(cellsOf)]
  const widths = widthsOf(rows)
  return rows.map((row) => padded(row, widths, numeric).join('  ').trimEnd()).join('\n')
}

/** Aligned, as the formatter of this repository has it. */
export function markdown(head: Row, body: readonly Row[], toTheRight: readonly number[] = []): string {
  const widths = widthsOf([head, ...body])
  const rule = widths.map((width, at) => (toTheRight.includes(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  const rows = [padded(head, widths, toTheRight), rule, ...body.map((row) => padded(row, widths, toTheRight))]
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
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

function widthsOf(rows: readonly Row[]): number[] {
  return (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
}

function padded(row: Row, widths: readonly number[], toTheRight: readonly number[]): string[] {
  return row.map((cell, at) => (toTheRight.includes(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
}
