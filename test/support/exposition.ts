/** What `promtool check metrics` complains of, as far as the text itself shows it. */
export interface Exposed {
  readonly problems: readonly string[]
  /** Values by name and labels, as they stand. */
  readonly values: ReadonlyMap<string, number>
  /** How many series each metric has. */
  readonly series: ReadonlyMap<string, number>
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/
const PARTS = /_(bucket|sum|count)$/

export function readExposition(text: string): Exposed {
  const problems: string[] = []
  const [types, helps] = [new Map<string, string>(), new Map<string, string>()]
  const [values, series] = [new Map<string, number>(), new Map<string, number>()]
  if (!text.endsWith('\n')) problems.push('the last line does not end')
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const said = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (said !== null) {
      const [, what, name = '', value = ''] = said
      const known = what === 'TYPE' ? types : helps
      if (known.has(name)) problems.push(`${name} has two lines of ${what}`)
      known.set(name, value)
      continue
    }
    const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? []
    if (name === '') {
      problems.push(`not a line: ${line}`)
      continue
    }
    // Go reads NaN in any case.
    if (!/^nan$/i.test(value) && Number.isNaN(Number(value.replace('Inf', 'Infinity'))))
      problems.push(`${name} is no number: ${value}`)
    if (values.has(name + labels)) problems.push(`${name}${labels} is there twice`)
    values.set(name + labels, Number(value))
    const base = types.get(name.replace(PARTS, '')) === 'histogram' ? name.replace(PARTS, '') : name
    if (!types.has(base)) problems.push(`${name} has no TYPE before it`)
    series.set(base, (series.get(base) ?? 0) + 1)
  }
  for (const [name, type] of types) problems.push(...lint(name, type, helps.get(name)))
  return { problems, values, series }
}

function lint(name: string, type: string, help: string | undefined): string[] {
  const problems: string[] = []
  if (!NAME.test(name)) problems.push(`${name} is no name`)
  if (help === undefined) problems.push(`${name} has no HELP`)
  if (type === 'counter' && !name.endsWith('_total')) problems.push(`${name} is a counter and does not end in _total`)
  if (type !== 'counter' && name.endsWith('_total')) problems.push(`${name} ends in _total and is no counter`)
  if (type !== 'histogram' && type !== 'summary' && PARTS.test(name)) problems.push(`${name} ends like a histogram`)
  if (/[a-z][A-Z]/.test(name)) problems.push(`${name} is not in snake case`)
  if (/_(milliseconds|ms|minutes|hours|kilobytes|megabytes|percent)(_|$)/.test(name))
    problems.push(`${name} is in no base unit`)
  return problems
}
