/**
 * Whether the `where` of an EVENT schedule holds for an event: user SQL, so checked against the allow-list; and judged in a
 * process of its own, which is ended when it takes too long or too much, because whoever judges has to go on answering.
 */
import { isJobError, JobError } from '../core/errors/job-error.js'
import { duckdbChild } from '../duckdb/child-script.js'
import { duckdbError } from '../duckdb/errors.js'
import { payloadFields, payloadValue, unknownPayload } from '../duckdb/payload-value.js'
import { checkUserSql } from '../duckdb/user-sql.js'
import { Child, type Said } from '../functions/child-process.js'

type Value = string | boolean | null

/** Throws `sql.refused`, `sql.invalid`, or what evaluating it came to. A field that the payload lacks is NULL. */
export async function eventConditionHolds(where: string, payload: Readonly<Record<string, unknown>>): Promise<boolean> {
  const condition = await checkUserSql('CONDITION', where, { now: new Date().toISOString() })
  const value = payloadValue(payload, await payloadFields(where))
  const [verdict, type] = await inTurn(() => ask(overPayload(condition, value)))
  if (type !== 'BOOLEAN' && verdict !== null) throw notBoolean(String(type))
  return verdict === true
}

/** What can be told of it before there is an event. Throws `sql.refused` or `sql.invalid`. */
export async function checkEventCondition(where: string): Promise<void> {
  const condition = await checkUserSql('CONDITION', where, { now: null })
  const value = unknownPayload(await payloadFields(where))
  try {
    const [, type] = await inTurn(() => ask(overPayload(condition, value)))
    // Of a field itself nobody knows the type yet.
    if (type !== 'BOOLEAN' && type !== UNKNOWN) throw notBoolean(String(type))
  } catch (error) {
    if (!isJobError(error)) throw error
    if (isOfTypes(error)) return
    if (/^Referenced (column|table)/.test(error.message))
      throw new JobError('sql.invalid', error.message.replace(/ in FROM clause.*$/, '').replace(/\.*$/, '.'), {
        hint: 'What an event brings is `payload`: write `payload.bucket` for its field `bucket`.',
      })
    throw error
  }
}

const UNKNOWN = '"NULL"'

/** Without an event every field is NULL, and of no type: what that leads to says nothing of the condition. */
function isOfTypes({ code, message }: JobError): boolean {
  return !/^Referenced (column|table)|^It /.test(message) && (code === 'sql.invalid' || code === 'record.bad')
}

function notBoolean(type: string): JobError {
  return new JobError('sql.invalid', `It gives ${type}, and not true or false (BOOLEAN).`, {
    hint: 'Compare it with something: `payload.size > 0`.',
  })
}

const overPayload = (condition: string, value: string) =>
  `SELECT (${condition}), typeof((${condition})) FROM (SELECT ${value} AS payload)`

const LONGEST_MS = 5000
const START_MS = 30_000
const MEMORY_BYTES = 64 * 1024 ** 2

/** Kept between events: starting one costs more than judging a thousand. */
let child: Child | null = null
let last: Promise<unknown> = Promise.resolve()

/** A process answers one question at a time. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work, work)
  last = mine.catch(() => undefined)
  return mine
}

async function ask(sql: string): Promise<readonly Value[]> {
  const process = await opened()
  const said = await process.ask({ kind: 'ROW', sql }, LONGEST_MS)
  if (said.kind === 'ROW') return said.values as readonly Value[]
  if (said.kind === 'FAILED') throw duckdbError(new Error(said.message))
  await end(process)
  if (said.kind === 'LATE') throw new JobError('sql.invalid', `It took longer than ${LONGEST_MS / 1000} s.`)
  const why = said.kind === 'GONE' ? said.why : 'answered what it was not asked'
  throw new JobError('sql.invalid', `It ${why}: it takes too much memory.`)
}

async function opened(): Promise<Child> {
  if (child !== null && child.gone === null) return child
  const made = new Child(
    { script: duckdbChild, cwd: '/', flags: [], isKept: true },
    { memoryLimitBytes: MEMORY_BYTES, prints: 'NOWHERE' },
  )
  const said = await made.ask({ kind: 'OPEN', memoryLimitBytes: MEMORY_BYTES }, START_MS)
  if (said.kind !== 'OPENED') {
    await end(made)
    // No fault of the condition: it is judged later.
    throw new Error(`Conditions of events cannot be judged: their process ${whyNot(said)}.`)
  }
  child = made
  return made
}

function whyNot(said: Said): string {
  if (said.kind === 'GONE') return said.why
  return said.kind === 'FAILED' ? `says: ${said.message}` : 'does not start'
}

async function end(process: Child): Promise<void> {
  if (child === process) child = null
  await process.end()
}
