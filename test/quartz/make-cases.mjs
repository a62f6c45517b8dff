/**
 * Writes cases.tsv: expression, time zone, and the moment after which the next times are asked for. Expressions of every
 * feature, right ones and wrong ones; moments at changes of clocks, ends of months, ends of years. The same every time;
 * `node make-cases.mjs OTHER-FILE COUNT SEED` makes others.
 */
import { writeFileSync } from 'node:fs'

const [file = new URL('cases.tsv', import.meta.url), count = '1400', seed = '1'] = process.argv.slice(2)

/** mulberry32 */
function generator(start) {
  let state = start >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const draw = generator(Number(seed))
const oneOf = (list) => list[draw(list.length)]
const between = (low, high) => low + draw(high - low + 1)
const some = (most, make) => Array.from({ length: between(2, most) }, make).join(',')

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Africa/Casablanca',
  'America/Havana',
]
const changes = new Map(ZONES.map((zone) => [zone, changesOf(zone)]))

/** When the clocks of a zone changed or will change, from 2005 to 2030, to the minute. */
function changesOf(timeZone) {
  const [hour, minute, day] = ['numeric', 'numeric', 'numeric']
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', day, hour, minute })
  const shown = (at) => {
    const [dayOfMonth, hours, minutes] = format.format(at).match(/\d+/g).map(Number)
    const utc = new Date(at)
    const days = (((dayOfMonth - utc.getUTCDate() + 46) % 31) - 15) % 31
    return (
      (Math.abs(days) > 1 ? Math.sign(-days) : days) * 1440 +
      (hours - utc.getUTCHours()) * 60 +
      minutes -
      utc.getUTCMinutes()
    )
  }
  const found = []
  for (let at = Date.UTC(2005, 0, 1, 12); at < Date.UTC(2031, 0, 1); at += 86_400_000) {
    let [low, high] = [at, at + 86_400_000]
    if (shown(low) === shown(high)) continue
    while (high - low > 60_000) {
      const middle = low + Math.floor((high - low) / 120_000) * 60_000
      if (shown(middle) === shown(low)) low = middle
      else high = middle
    }
    found.push(high)
  }
  return found
}

/** `low` and `high` of a field, and now and then all kinds of ways to write some of it. */
function field(low, high, star) {
  const value = () => between(low, high)
  const step = () => between(1, Math.min(high, 31))
  switch (draw(star ? 9 : 6)) {
    case 0:
      return some(4, value)
    case 1:
      return `${value()}-${value()}`
    case 2:
      return `${value()}-${value()}/${step()}`
    case 3:
      return `${value()}/${step()}`
    case 4:
      return oneOf([`*/${step()}`, `/${step()}`, `${value()}-${value()},${value()}`])
    case 5:
      return String(value()).padStart(2, oneOf(['', '0']))
    default:
      return '*'
  }
}

const dayOfMonth = () =>
  oneOf([
    () => '*',
    () => field(1, 31, true),
    () => String(between(28, 31)),
    () => 'L',
    () => `L-${between(0, 30)}`,
    () => 'LW',
    () => `L-${between(1, 30)}W`,
    () => `${between(1, 31)}W`,
    () => oneOf(['1W', '15W', '28W', '29W', '30W', '31W', 'L-3W']),
    () => some(3, () => oneOf(['L', 'LW', `L-${between(1, 9)}`, `${between(1, 31)}W`, String(between(1, 31))])),
  ])()

const dayOfWeek = () =>
  oneOf([
    () => '*',
    () => field(1, 7, true),
    () => oneOf(DAYS),
    () => `${oneOf(DAYS)}-${oneOf(DAYS)}`,
    () => some(3, () => oneOf(DAYS)),
    () => `${between(1, 7)}L`,
    () => `${oneOf(DAYS)}L`,
    () => 'L',
    () => `${between(1, 7)}#${between(1, 5)}`,
    () => `${oneOf(DAYS)}#${between(1, 5)}`,
  ])()

const month = () =>
  oneOf([
    () => '*',
    () => '*',
    () => field(1, 12, true),
    () => oneOf(MONTHS),
    () => `${oneOf(MONTHS)}-${oneOf(MONTHS)}`,
    () => some(3, () => oneOf(MONTHS)),
    () => '2',
  ])()

const year = () =>
  oneOf([
    () => '*',
    () => String(between(1970, 2099)),
    () => `${between(2000, 2020)}-${between(2021, 2099)}`,
    () => `${between(1970, 2000)}-${between(2030, 2099)}/${between(1, 9)}`,
    () => `${between(1970, 2030)}/${between(1, 11)}`,
    () => some(4, () => String(between(2010, 2040))),
    () => `*/${between(1, 8)}`,
    () => oneOf(['1970', '2099', '1969', '2100', '2200']),
  ])()

/** Seconds, minutes and hours: mostly few of them, so that ten times reach over days. */
function timeOfDay() {
  const seconds = oneOf(['0', '0', '0', '0', '30', '15,45', field(0, 59, true)])
  switch (draw(4)) {
    case 0:
      return `${seconds} ${oneOf(['0', '15', '30', '59'])} ${between(0, 3)}`
    case 1:
      return `${seconds} ${field(0, 59, true)} ${field(0, 23, true)}`
    case 2:
      return `${seconds} ${oneOf(['0', '30', '0/30', '*/20', '5,35'])} ${oneOf(['*', '0-4', '22-2', '23-1', '1/2', '0/6'])}`
    default:
      return `0 ${between(0, 59)} ${between(0, 23)}`
  }
}

function expression() {
  const days = draw(2) === 0 ? [dayOfMonth(), '?'] : ['?', dayOfWeek()]
  const fields = [timeOfDay(), days[0], month(), days[1]]
  if (draw(4) === 0) fields.push(year())
  const text = fields.join(oneOf([' ', ' ', ' ', '  ']))
  return draw(12) === 0 ? text.toLowerCase() : text
}

/** Something is wrong with it, most of the time. */
function broken() {
  const fields = expression().split(/ +/)
  const at = draw(fields.length)
  const wrong = [
    String(oneOf([0, 24, 32, 60, 13, 8, 61, 100])),
    `${oneOf([24, 32, 60, 13, 8])}-${oneOf([2, 5, 70])}`,
    `1-${oneOf([24, 32, 60, 70])}`,
    `*/${oneOf([8, 13, 24, 32, 60, 99])}`,
    '1/60',
    '-1',
    '1-',
    '*/',
    '/',
    'L-31',
    '32W',
    'FRI#6',
    'FRI#0',
    '2#',
    'MON,FRIL',
    'MON#1,FRI#2',
    'ABC',
    'MON-',
    'MON-ABC',
    'JAN-5',
    '5-JAN',
    'W',
    '#2',
    '?',
    'a',
    '1.5',
    '5-9-12',
    '2010-2005',
  ]
  switch (draw(4)) {
    case 0:
      fields.splice(at, 1)
      break
    case 1:
      fields.push(...(fields.length < 7 ? ['*', '*'] : ['*']))
      break
    default:
      fields[at] = oneOf(wrong)
  }
  // 5 fields are of the Unix form, which Quartz does not know.
  return fields.length === 5 ? broken() : fields.join(' ')
}

function moment(zone) {
  const near = changes.get(zone)
  if (near.length > 0 && draw(2) === 0) {
    const change = oneOf(near)
    return change + oneOf([-86_400, -7200, -3601, -3600, -1800, -1, 0, 1, 900, 1800, 3599, 3600, 7200, 10_800]) * 1000
  }
  const edge = oneOf([Date.UTC(between(1971, 2098), 0, 1), Date.UTC(between(2000, 2040), between(0, 11), 1)])
  return oneOf([edge, edge - 1000, edge + 1000, edge + between(-40, 40) * 3_600_000 + between(0, 3599) * 1000])
}

/** Times around a change of clocks, asked for before it, at it and after it. */
const AROUND = [
  '0 30 2 * * ?',
  '0 15 2,3 * * ?',
  '0 0/15 * * * ?',
  '0 0 0 * * ?',
  '0 30 0-3 ? * SUN',
  '0 15,45 1 L,15W * ?',
]
const aroundChanges = ZONES.flatMap((zone) =>
  changes
    .get(zone)
    .slice(-4, -2)
    .flatMap((change) =>
      [-5400, -1, 0, 1800].flatMap((seconds) => AROUND.map((text) => [text, zone, change + seconds * 1000])),
    ),
)

/** Each once, from the start of 2026: what is special, and what Quartz takes by accident. */
const ONCE = [
  ['0 0 12 15W * ?', '0 0 12 1W * ?', '0 0 12 31W * ?', '0 0 12 LW * ?', '0 0 12 L-3W * ?', '0 0 12 1W,15W,LW * ?'],
  ['0 0 12 14W,15W,16W * ?', '0 0 */6 15W * ?', '0 0 12 L-3,26,L-7 2 ?', '0 0 12 L-30 * ?', '0 0 12 31 * ?'],
  ['0 0 12 29 2 ?', '0 0 12 30 2 ?', '0 0 12 ? * FRI#5', '0 0 12 ? * FRIL', '0 0 12 ? * 6L', '0 0 12 ? * FRI-MON'],
  [
    '0 0 22-2 * * ?',
    '50-10/5 * * * * ?',
    '0 0 12 28-3/2 * ?',
    '0 0 12 1 NOV-FEB ?',
    '0 0 12 1 1 ? 2099',
    '0 0 0 1 1 ? 1970',
  ],
  ['0 0 12 ? * MON-FRI/2', '0 0 12 1 JAN/2 ?', '0 0 12 ? * MONDAY', '0 0 12 ? * MON#1,FRI', '0 0 12 ? * 2,4#1'],
  ['0 0 12 15X * ?', '0 0 12 15W-20 * ?', '0 0 12 L-W * ?', '0 0 12 0W * ?', '0 0 12 5-0 * ?', '0 0 12 1,,2 * ?'],
  ['0 0 12 ? * L-3', '0 0 12 ? * LW', '0 0 12 ? * 8#1', '0 0 12 99 * ?', '0 0 12 98 * 2', '99 0 12 * * ?'],
  [
    '*/0 0 12 * * ?',
    '0/0 0 12 * * ?',
    '5-9/0 0 12 * * ?',
    '*5 0 12 * * ?',
    'L 0 12 * * ?',
    '0 0 12 ?X * 2',
    '0 0 12 * * ? 26',
  ],
].flat()

const drawn = Array.from({ length: Number(count) }, () => {
  const zone = oneOf(ZONES)
  return [draw(6) === 0 ? broken() : expression(), zone, moment(zone)]
})
const lines = [...aroundChanges, ...ONCE.map((text) => [text, 'UTC', Date.UTC(2026, 0, 1)]), ...drawn].map(
  ([text, zone, at]) => `${text}\t${zone}\t${new Date(at).toISOString().replace('.000', '')}\n`,
)
writeFileSync(file, lines.join(''))
