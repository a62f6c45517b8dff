/** Brings a catalogue database to this version's schema. */
export interface MigrateOptions {
  readonly log?: (line: string) => void
}

export async function migrate(_url: string, _options: MigrateOptions = {}): Promise<{ readonly applied: readonly string[] }> {
  return { applied: [] }
}
