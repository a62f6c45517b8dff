/** Calls and commands that the documents name are there, with the parameters and options that they are named with. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { Command as Program } from 'commander'
import { ROUTES } from '../../../api/routes.js'
import { addAudit, addUsers } from '../../../cli/usage/access.js'
import type { Add } from '../../../cli/usage/add.js'
import { addAlerts } from '../../../cli/usage/alerts.js'
import { addConnections } from '../../../cli/usage/connections.js'
import { addConnectors } from '../../../cli/usage/connectors.js'
import { addDeadLetters } from '../../../cli/usage/dead-letters.js'
import { addDefinitions } from '../../../cli/usage/definitions.js'
import { addExecutions, addUpdates } from '../../../cli/usage/executions.js'
import { addBackup, addHouse, addMaintenance } from '../../../cli/usage/house.js'
import { addLocal } from '../../../cli/usage/local.js'
import { addSchedules } from '../../../cli/usage/schedules.js'
import { addSettings } from '../../../cli/usage/settings.js'
import { jsonSchemaOf } from '../../../core/config/schema.js'

const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md') && !/^(proofs|decisions)/.test(path))
  .map((path) => ({ path, text: readFileSync(`docs/${path}`, 'utf8') }))

/** Code only: sentences name routes in passing. */
const codeOf = (text: string): readonly string[] => [
  ...[...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].flatMap(([, block = '']) => block.split('\n')),
  ...[...text.replaceAll(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code),
]

const told = pages.flatMap(({ path, text }) => codeOf(text).map((code) => ({ path, code })))

test('calls of the API', () => {
  const shapes = ROUTES.map((route) => ({
    route,
    form: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  const wrong = told.flatMap(({ path, code }) =>
    [...code.matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (?:\/api\/v1)?(\/[\w{}/:.-]*)(?:\?([^\s'"]+))?/g)].flatMap(
      ([call, method = '', at = '', query = '']) => {
        if (PLAIN.includes(at) || /\.\.\.|…/.test(call)) return []
        const found = shapes.find(({ route, form }) => route.method === method.toLowerCase() && form.test(at))
        if (found === undefined) return [`${path}: there is no ${call}`]
        const known = found.route.query === undefined ? {} : jsonSchemaOf(found.route.query).properties
        const names = query.split('&').flatMap((part) => part.split('=')[0] || [])
        return names
          .filter((name) => !Object.hasOwn(known ?? {}, name))
          .map((name) => `${path}: ${call} has no ${name}`)
      },
    ),
  )
  expect(wrong).toEqual([])
})

/** Outside of the table of routes. */
const PLAIN = ['/healthz', '/readyz', '/metrics', '/docs', '/docs/']

test('commands', () => {
  const program = new Program('etl').option('--json').option('--version').option('--help')
  const add: Add = (usage, _summary, _example, _load, parent = program) => parent.command(usage).option('--json')
  for (const part of [addLocal, addDefinitions, addConnections, addConnectors, addExecutions, addUpdates, addSchedules])
    part(add)
  for (const part of [addDeadLetters, addAlerts, addUsers, addAudit, addSettings, addHouse, addMaintenance, addBackup])
    part(add)
  const problemOf = (words: readonly string[]): string | null => {
    let command = program
    let left = words
    for (;;) {
      const below = command.commands.find((one) => one.name() === left[0] || one.aliases().includes(left[0] ?? ''))
      if (below === undefined) break
      command = below
      left = left.slice(1)
    }
    if (command === program)
      return left[0] === undefined || /^(-|[A-Z]+$)/.test(left[0]) ? null : `no command ${left[0]}`
    const options = left.flatMap((word) => /^--[a-z][a-z-]*/.exec(word) ?? [])
    const known = command.options.flatMap(({ long }) => long ?? [])
    const missing = options.filter((option) => option !== '--help' && !known.includes(option))
    return missing.length === 0 ? null : `${command.name()} has no ${missing.join(', ')}`
  }
  const wrong = told.flatMap(({ path, code }) =>
    [...code.matchAll(/(?:^|[|&;$(] ?|&& )(?:npx )?etl ((?:[^|&;#)\\]|\\\n)+)/g)].flatMap(([, given = '']) => {
      const problem = problemOf(
        given
          .replaceAll(/"[^"]*"|'[^']*'/g, 'X')
          .split(/\s+/)
          .filter(Boolean),
      )
      return problem === null ? [] : [`${path}: \`etl ${given.trim()}\`: ${problem}`]
    }),
  )
  expect(wrong).toEqual([])
})
