/** What DuckDB says of a record: lines are those of a file that nobody sees, and advice is about its own options. */
export const plainTrouble = (message: string): string =>
  message.replace(/^JSON transform error in [^,]*, in line \d+: /, '').replace(/,? Try setting .*/s, '')
