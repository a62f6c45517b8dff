import { expect, test } from '@jest/globals'
import { inOrder } from '../../../cli/command/apply-order.js'

test('what others name is applied first: connections, settings, jobs after those they wait for, then rules', () => {
  const job = (name: string, ...on: string[]) => ({ kind: 'job' as const, value: { name, schedule: { on } } })
  const given = [
    { kind: 'alertRule' as const, value: { name: 'rule' } },
    job('a-down', 'm', 'z-up', 'elsewhere'),
    job('m', 'z-up'),
    { kind: 'setting' as const, value: { name: 'setting' } },
    job('z-up'),
    job('alone'),
    { kind: 'connection' as const, value: { name: 'connection' } },
  ]
  const names = inOrder(given).map(({ value }) => value.name)
  expect(names).toEqual(['connection', 'setting', 'z-up', 'm', 'a-down', 'alone', 'rule'])
})

test('jobs that wait for each other are all applied, once each', () => {
  const job = (name: string, on: string) => ({ kind: 'job' as const, value: { name, schedule: { on: [on] } } })
  const names = inOrder([job('a', 'b'), job('b', 'a')]).map(({ value }) => value.name)
  expect([...names].sort()).toEqual(['a', 'b'])
})
