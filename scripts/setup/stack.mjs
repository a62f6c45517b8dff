// The servers a command needs. Whoever comes first starts them, others join in, and the last to leave stops them,
// unless they are to stay (`--keep`). What runs is written down in stack.json, each process by id and time of birth.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { note, step } from './log.mjs'
import { onInterrupt } from './main.mjs'
import { folder, home } from './paths.mjs'
import { end, endLaunched, isAlive, isKept, me } from './process.mjs'
import { services } from './services.mjs'

/**
 * Calls `run` with the stack while the needed services run. `main` keeps its data between commands; any other name is a
 * stack of its own, so that tests and benchmarks meet nobody else's workflows.
 */
export async function withStack(name, needs, run) {
  const forget = onInterrupt(() => leave(name))
  try {
    const stack = await enter(name, needs)
    return await run(stack)
  } finally {
    await leave(name)
    forget()
  }
}

/** Starts those services anew that were built since they were started; for a command that is within `withStack`. */
export const provideAgain = (name, needs) =>
  locked(name, async () => {
    const state = load(name)
    for (const need of needs) await provide(name, state, need)
  })

/** Lets the services of the stack live on when the command ends. */
export const keep = (name) => change(name, (state) => ({ ...state, keep: true }))

/** Ends what was kept; what a running command still uses ends with that command. */
export async function takeDown(name) {
  await change(name, (state) => ({ ...state, keep: false }))
  const others = await leave(name)
  for (const pid of others) note(`the ${name} stack is in use by process ${pid}, and stops with it`)
}

const directory = (name) => (name === 'main' ? folder() : folder(name))
const file = (name) => join(directory(name), 'stack.json')
const locked = (name, run) => withLock(join(home, 'lock', `stack-${name}`), `the ${name} stack`, run)

function enter(name, needs) {
  return locked(name, async () => {
    const state = load(name)
    state.users.push(me())
    save(name, state)
    try {
      for (const need of needs) await provide(name, state, need)
    } catch (error) {
      await endLaunched()
      throw error
    }
    return { name, directory: directory(name), ...state.services }
  })
}

async function provide(name, state, need) {
  const service = services[need]
  const present = state.services[need]
  if (present && !(service.isOutdated?.(present, state) && state.users.length === 1)) return
  if (present) await end(present)
  const started = await service.start({ name, directory: directory(name), services: state.services })
  state.services[need] = started
  save(name, state)
  isKept(started)
}

/** Answers who else is there. */
function leave(name) {
  return locked(name, async () => {
    await endLaunched()
    const state = load(name)
    state.users = state.users.filter((user) => user.pid !== process.pid)
    if (state.keep || state.users.length > 0) {
      save(name, state)
      return state.users.map((user) => user.pid)
    }
    const running = Object.entries(state.services).filter(([, known]) => known.pid)
    if (running.length > 0) {
      await step(`stop ${running.map(([service]) => service).join(', ')}`, async () => {
        // In the reverse of the order in which they need one another.
        for (const [, known] of running.reverse()) await end(known).finally(() => tidy(known))
      })
    }
    rmSync(file(name), { force: true })
    return []
  })
}

const change = (name, edit) => locked(name, () => save(name, edit(load(name))))

/** What the file says, less what is not true any more. A service without a process was configured by an address. */
function load(name) {
  let state = { keep: false, users: [], services: {} }
  try {
    state = JSON.parse(readFileSync(file(name), 'utf8'))
  } catch {
    // There is no stack yet.
  }
  state.users = state.users.filter(isAlive)
  for (const [service, known] of Object.entries(state.services)) {
    if (known.pid && isAlive(known)) continue
    tidy(known)
    delete state.services[service]
  }
  return state
}

/** Readers never see half a file. It holds passwords of the private servers. */
function save(name, state) {
  const next = `${file(name)}.${process.pid}`
  writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(next, file(name))
}

function tidy(known) {
  if (known.remove) rmSync(known.remove, { recursive: true, force: true })
}
