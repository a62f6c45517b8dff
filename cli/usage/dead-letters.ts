/** Dead letters. */
import type { Command as Program } from 'commander'
import { JobError } from '../../core/errors/job-error.js'
import type { Add } from './add.js'

export function addDeadLetters(add: Add): void {
  const commands = () => import('../command/dead-letters.js')
  const filtered = (command: Program) =>
    command
      .option('--status <status>', 'NEW, EDITED, REPLAYING, REPLAYED or DISCARDED')
      .option('--execution <id>', 'only of this execution')
      .option('--node <id>', 'only what failed at this node')
      .option('--code <code>', 'only with this error code')
  const group = add(
    'dead-letters',
    'Records that could not be processed.',
    'etl dead-letters list orders',
    async () => {
      throw new JobError('usage.invalid', 'Say what: list, show, edit or replay')
    },
  )
  filtered(
    add(
      'list <job>',
      'Lists those of a job, newest first.',
      'etl dead-letters list orders --status NEW',
      async () => (await commands()).list,
      group,
    ),
  ).option('--limit <count>', 'how many at most', '50')
  add(
    'show <id>',
    'The record, where it stood, where it failed and why.',
    'etl dead-letters show 6f1c…',
    async () => (await commands()).show,
    group,
  )
  add(
    'edit <id>',
    'Corrects the record, or discards it.',
    "etl dead-letters edit 6f1c… --record '17,2001-02-03,ok'",
    async () => (await commands()).edit,
    group,
  )
    .option('--record <text>', 'the corrected record, in the form of the original')
    .option('--original', 'as it was at first')
    .option('--discard', 'it is not to be replayed')
    .option('--restore', 'it is to be replayed after all')
  filtered(
    add(
      'replay [ids...]',
      'Runs them through the part of the job that they have not been through.',
      'etl dead-letters replay --job orders --watch',
      async () => (await commands()).replay,
      group,
    ),
  )
    .option('--job <name>', 'all of this job that wait')
    .option('--version <version>', 'SAME: the version in which each failed; NEWEST: the one saved now', 'SAME')
    .option('--watch', 'follow it to its end')
}
