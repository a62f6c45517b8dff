/** Where a command speaks: results on standard output, everything else on standard error. */
import pc from 'picocolors'

export interface Output {
  readonly json: boolean
  /** The one result of the command: an object with --json, else words. */
  result(value: unknown, human: () => string): void
  /** A line for people, on standard error. */
  note(line: string): void
  /** Replaces the last progress line on a terminal; elsewhere a line now and then. */
  progress(line: string): void
  readonly colour: ReturnType<typeof pc.createColors>
}

export function openOutput(json: boolean): Output {
  const terminal = process.stderr.isTTY === true
  let shown = false
  const clear = () => {
    if (shown) process.stderr.write('\r\x1b[2K')
    shown = false
  }
  return {
    json,
    result(value, human) {
      clear()
      const text = json ? JSON.stringify(value) : human()
      if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
    },
    note(line) {
      clear()
      process.stderr.write(`${line}\n`)
    },
    progress(line) {
      clear()
      process.stderr.write(terminal ? line.slice(0, (process.stderr.columns ?? 120) - 1) : `${line}\n`)
      shown = terminal
    },
    colour: pc.createColors(!json && process.stdout.isTTY === true && process.env.NO_COLOR === undefined),
  }
}

/** Columns padded to their widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  if (rows.length === 0) return 'none'
  const cells = [headings, ...rows].map((row) =>
    row.map((cell) => (cell === null || cell === undefined ? '-' : String(cell))),
  )
  const widths = headings.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A line each, names padded to the longest; what is not known is left out. */
export function fields(lines: readonly (readonly [string, string | null | undefined])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.flatMap(([name, value]) => (value == null ? [] : [`${name.padEnd(width)}  ${value}`])).join('\n')
}

export function colourOfStatus(status: string, output: Output): string {
  const { green, red, yellow } = output.colour
  if (status === 'COMPLETED') return green(status)
  return status === 'FAILED' || status === 'CANCELLED' ? red(status) : yellow(status)
}
