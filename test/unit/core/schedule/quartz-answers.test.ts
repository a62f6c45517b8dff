/** Cron expressions against what Quartz made of the same ones (test/quartz). */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { nextTimes } from '../../../../core/schedule/next-times.js'
import { parseCron } from '../../../../core/schedule/parse-cron.js'
import { openZone } from '../../../../core/schedule/zone.js'

const linesOf = (name: string) =>
  readFileSync(new URL(`../../../quartz/${name}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')

const [head, ...answers] = linesOf('answers.txt')
const lastYear = Number(/\d+$/.exec(head!)![0])
const cases = linesOf('cases.tsv').map((line, index) => {
  const [expression, zone, from] = line.split('\t')
  return { expression: expression!, zone: zone!, from: from!, answer: answers[index]! }
})

/** What Quartz takes by accident, and we refuse: test/quartz/README.md has the reasons. */
const ACCIDENTS = [
  ...[
    '? * MON-FRI/2',
    '1 JAN/2 ?',
    '? * MONDAY',
    '? * MON#1,FRI',
    '? * 2,4#1',
    '15X * ?',
    '15W-20 * ?',
    'L-W * ?',
    '0W * ?',
  ],
  ...['5-0 * ?', '1,,2 * ?', '? * L-3', '? * LW', '? * 8#1', '99 * ?', '98 * 2', '?X * 2', '* * ? 26'],
].map((days) => `0 0 12 ${days}`)
const WRONG_SECONDS = ['99', '*/0', '0/0', '5-9/0', '*5'].map((seconds) => `${seconds} 0 12 * * ?`)

function isAccident(expression: string): boolean {
  const fields = expression.split(/ +/)
  const [from = '1970'] = fields[6]?.match(/\d+/) ?? []
  return (
    [...ACCIDENTS, ...WRONG_SECONDS].includes(expression) ||
    fields.some((field) => field === '5-9-12' || field === '1.5') ||
    from.length < 4
  )
}

function ourAnswer({ expression, zone, from }: (typeof cases)[number]): string {
  const parsed = parseCron(expression)
  if (!parsed.ok) return 'refused'
  const times = nextTimes(parsed.cron, openZone(zone)!, { from: Date.parse(from), count: 10, lastYear })
  return times.length === 0 ? 'never' : times.map((time) => new Date(time).toISOString().replace('.000', '')).join(' ')
}

/** `java.util.TimeZone` knows the changes of Morocco, which follow the moon, up to 2037. */
function asFarAsJavaKnows(zone: string, answer: string): string {
  if (zone !== 'Africa/Casablanca') return answer
  return answer
    .split(' ')
    .filter((time) => time < '2038')
    .join(' ')
}

test('there is an answer to every case, and they are of every kind', () => {
  expect(answers.length).toBe(cases.length)
  const kinds = answers.map((answer) => (/^\d/.test(answer) ? 'times' : answer))
  for (const kind of ['times', 'refused', 'never'])
    expect(kinds.filter((one) => one === kind).length).toBeGreaterThan(50)
})

const ours = cases.map(ourAnswer)

test('the next ten times are those of Quartz', () => {
  const different = cases.flatMap((one, index) => {
    if (one.answer === 'refused' || ours[index] === 'refused') return []
    const [expected, got] = [one.answer, ours[index]!].map((answer) => asFarAsJavaKnows(one.zone, answer))
    return expected === got ? [] : [{ ...one, ours: ours[index] }]
  })
  expect(different).toEqual([])
})

test('what Quartz refuses is refused; what it takes is taken, but for its accidents', () => {
  const apart = cases.filter((one, index) => (one.answer === 'refused') !== (ours[index] === 'refused'))
  expect(apart.filter(({ expression }) => !isAccident(expression))).toEqual([])
  expect(apart.filter(({ answer }) => answer === 'refused')).toEqual([])
  const accidents = cases.filter(({ expression }) => [...ACCIDENTS, ...WRONG_SECONDS].includes(expression))
  expect(accidents.length).toBe(ACCIDENTS.length + WRONG_SECONDS.length)
})
