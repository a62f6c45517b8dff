import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const etl = join(checkout, 'bin', 'etl.js')
const large = /(flights|airports)\.csv$/

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'etl-examples-'))
  cpSync(join(checkout, 'examples'), folder, {
    recursive: true,
    filter: (path) => !large.test(path) && !path.endsWith('/out'),
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [etl, ...args, '--json'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ETL_CONNECTOR_PATH: 'connectors' },
  })
  if (stdout === '') throw new Error(`etl ${args.join(' ')} said nothing on standard output: ${stderr}`)
  return { status, answer: JSON.parse(stdout) }
}

const lines = (path: string) => readFileSync(join(folder, path), 'utf8').trim().split('\n')

describe('examples run as they are', () => {
  test.each([
    ['csv-to-parquet', { read: 40, written: 40, filtered: 0, failed: 0 }],
    ['jsonl-clean', { read: 30, written: 27, filtered: 1, failed: 2 }],
    ['deduplicate', { read: 12, written: 6, failed: 0 }],
    ['top-n', { read: 40, written: 5, failed: 0 }],
    ['sql-report', { read: 52, failed: 0 }],
    ['generated', { read: 1_000_000, written: 1_000_004, filtered: 0, failed: 0 }],
    ['windows', { read: 40, filtered: 0, failed: 0 }],
    ['function', { read: 40, written: 40, filtered: 0, failed: 0 }],
    ['union', { read: 6, written: 6, filtered: 0, failed: 0 }],
    ['calendar', { read: 365, written: 261, filtered: 104, failed: 0 }],
  ])('%s', (name, records) => {
    const { status, answer } = run('run', `${name}.yaml`)
    expect(answer).toMatchObject({ jobName: name, status: 'COMPLETED', error: null, records })
    expect(status).toBe(0)
  })

  test('deduplicate keeps the newest version of each customer', () => {
    const newest = new Map(
      lines('data/customer-changes.csv')
        .slice(1)
        .map((line) => [line.split(',')[0], line.split(',')[1]]),
    )
    const kept = lines('out/customers.csv')
      .slice(1)
      .map((line) => line.split(',').slice(0, 2))
    expect(new Map(kept as [string, string][])).toEqual(newest)
  })

  test('windows counts every order in one week, from Monday, and in one visit', () => {
    const rows = (path: string) =>
      lines(path)
        .slice(1)
        .map((line) => line.split(','))
    const orders = rows('data/orders.csv').map(([, customer, ordered]) => [customer!, Date.parse(ordered!)] as const)
    const day = 86_400_000
    const weeks = new Map<number, number>()
    for (const [, at] of orders) {
      const monday = at - ((new Date(at).getUTCDay() + 6) % 7) * day
      weeks.set(monday, (weeks.get(monday) ?? 0) + 1)
    }
    const told = rows('out/orders-per-week.csv').map(([start, , many]) => [Date.parse(`${start}Z`), Number(many)])
    expect(told).toEqual([...weeks].sort(([a], [b]) => a - b))
    const visits = [...new Set(orders.map(([customer]) => customer))].map((customer) => {
      const times = orders
        .filter(([who]) => who === customer)
        .map(([, at]) => at)
        .sort((a, b) => a - b)
      return [customer, times.filter((at, index) => index === 0 || at - times[index - 1]! > 7 * day).length]
    })
    const visited = rows('out/visits.csv').map(([customer]) => customer)
    const found = visits.map(([customer]) => [customer, visited.filter((who) => who === customer).length])
    expect(found).toEqual(visits)
  })

  test('function gives every order a number whose digits add up', () => {
    const references = lines('out/references.csv').slice(1)
    expect(references.map((line) => line.split(',')[0])).toEqual(
      lines('data/orders.csv')
        .slice(1)
        .map((line) => line.split(',')[0]),
    )
    for (const line of references) {
      const digits = line.replace(/^.*ORD-/, '').replaceAll(/\D/g, '')
      const sum = [...digits]
        .reverse()
        .reduce(
          (total, digit, at) => total + [...String(Number(digit) * ((at % 2) + 1))].reduce((a, b) => a + Number(b), 0),
          0,
        )
      expect([line, sum % 10]).toEqual([line, 0])
    }
  })

  test('top-n writes the largest amounts, largest first', () => {
    const column = (path: string) =>
      lines(path)
        .slice(1)
        .map((line) => Number(line.split(',')[3]))
    const largest = column('data/orders.csv')
      .sort((a, b) => b - a)
      .slice(0, 5)
    expect(column('out/top-orders.csv')).toEqual(largest)
  })
})
