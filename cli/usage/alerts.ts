/** Alerts, silences and rules. */
import { JobError } from '../../core/errors/job-error.js'
import type { Add } from './add.js'

export function addAlerts(add: Add): void {
  const commands = () => import('../command/alerts.js')
  const group = add(
    'alerts',
    'Alerts that were raised, and the rules that raise them.',
    'etl alerts list --state open',
    async () => {
      throw new JobError(
        'usage.invalid',
        'Say what: list, show, ack, resolve, silence, silences, unsilence, rules or test',
      )
    },
  )
  add('list', 'Lists alerts, newest first.', 'etl alerts list --state open', async () => (await commands()).list, group)
    .option('--state <state>', 'open, firing, acknowledged or resolved')
    .option('--level <level>', 'info, warning, error or critical')
    .option('--type <type>', 'such as JOB_FAILED')
    .option('--job <name>', 'only of this job')
    .option('--rule <name>', 'only of this rule')
    .option('--limit <count>', 'how many at most', '50')
  add('show <alert>', 'Shows one.', 'etl alerts show 6f1c…', async () => (await commands()).show, group)
  add(
    'ack <alert>',
    'You see to it: it is not told again.',
    'etl alerts ack 6f1c…',
    async () => (await commands()).acknowledge,
    group,
  )
  add('resolve <alert>', 'It is over.', 'etl alerts resolve 6f1c…', async () => (await commands()).resolve, group)
  add(
    'silence',
    'Keeps alerts quiet for a while; they are raised all the same.',
    'etl alerts silence --job orders --for 2h --reason "moving the database"',
    async () => (await commands()).silence,
    group,
  )
    .option('--rule <name>', 'only this rule')
    .option('--job <name>', 'only this job')
    .requiredOption('--for <time>', 'how long: 30m, 2h')
    .option('--reason <text>', 'why, for the others')
  add('silences', 'Lists those that last.', 'etl alerts silences', async () => (await commands()).silences, group)
  add(
    'unsilence <silence>',
    'Ends a silence.',
    'etl alerts unsilence 6f1c…',
    async () => (await commands()).unsilence,
    group,
  )
  add('rules', 'Lists the rules.', 'etl alerts rules', async () => (await commands()).rules, group)
  add(
    'test <rule>',
    'Sends a test on the channels of a rule.',
    'etl alerts test failures --channel mail',
    async () => (await commands()).test,
    group,
  ).option('--channel <name>', 'only this one')
}
