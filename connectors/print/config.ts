import { z } from 'zod'

export const sinkConfig = z.strictObject({
  to: z
    .enum(['STDERR', 'STDOUT'])
    .default('STDERR')
    .describe('Of the process that runs the job. `etl run --json` needs standard output for its report.'),
  format: z.enum(['jsonl', 'csv']).default('jsonl').describe('csv: with a header each epoch.'),
  limit: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe('How many records of an epoch are shown, of each subtask; the others are only counted.'),
})

export type PrintConfig = z.infer<typeof sinkConfig>
