/**
 * What runs in the process of a function: loads it, calls it, and puts what it gives into columns of the types promised; or
 * says what a module exports.
 * Plain JavaScript, because it has to run as it stands, from the sources and from the build.
 */
import { pathToFileURL } from 'node:url'

let load = { config: undefined, call: undefined }
/** Of the call under way. */
let stop = new AbortController()
let isCalling = false

process.on('disconnect', () => process.exit())
process.on('message', (asked) => {
  if (asked.kind === 'LOAD') void loadModule(asked)
  else if (asked.kind === 'DESCRIBE') void describe(asked)
  else if (asked.kind === 'CALL') void call(asked)
  else if (asked.kind === 'STOP') stop.abort()
})

/** Something that the function left behind has failed: the state it is in is not to be trusted any more. */
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => {
    if (!isCalling) process.exit(1)
    process.send({ kind: 'BROKEN', message: messageOf(error) }, () => process.exit(1))
  })

async function loadModule({ file, name, config }) {
  try {
    const module = await import(pathToFileURL(file).href)
    const functions = Object.keys(module).filter((key) => typeof module[key] === 'function')
    load = { config, call: module[name] }
    process.send({ kind: 'LOADED', functions })
  } catch (error) {
    process.send({ kind: 'INVALID', message: messageOf(error) })
  }
}

/** What is exported, as JSON; where it has functions is said. */
async function describe({ file, name }) {
  try {
    const module = await import(pathToFileURL(file).href)
    const text = JSON.stringify(module[name] ?? null, (_key, value) =>
      typeof value === 'function' ? '[function]' : value,
    )
    process.send({ kind: 'DESCRIBED', description: JSON.parse(text ?? 'null'), exports: Object.keys(module) })
  } catch (error) {
    process.send({ kind: 'INVALID', message: messageOf(error) })
  }
}

async function call({ names, rows, results, at }) {
  stop = new AbortController()
  isCalling = true
  let answer
  try {
    const records = rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])))
    const given = await load.call(records, { config: load.config, at, signal: stop.signal })
    answer = Array.isArray(given)
      ? { kind: 'RESULT', records: given.length, columns: columnsOf(given, results) }
      : { kind: 'INVALID', message: `It gives ${described(given)} instead of a list of records.` }
  } catch (error) {
    answer = { kind: 'FAILED', message: messageOf(error) }
  }
  isCalling = false
  process.send(answer)
}

function columnsOf(records, results) {
  const known = new Set(results.map(({ name }) => name))
  for (const record of records) {
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new TypeError(`It gives ${described(record)} instead of a record.`)
    for (const key in record)
      if (!known.has(key)) throw new TypeError(`It gives a column \`${key}\`, which \`columns\` does not name.`)
  }
  return results.map((column) => {
    const { takes, write } = KINDS[column.kind]
    return records.map(({ [column.name]: value }) => {
      if (value === null || value === undefined) return null
      const written = write(value)
      if (written === undefined)
        throw new TypeError(
          `It gives ${described(value)} for the column \`${column.name}\`; ${column.type} takes ${takes}.`,
        )
      return written
    })
  })
}

const isWhole = (value) => typeof value === 'bigint' || Number.isSafeInteger(value)
const fitsLong = (value) => BigInt.asIntN(64, BigInt(value)) === BigInt(value)

/** How a value goes over, and what is accepted; undefined: it is not. */
const KINDS = {
  BOOLEAN: { takes: 'true or false', write: (value) => (typeof value === 'boolean' ? value : undefined) },
  LONG: {
    takes: 'a bigint, or a whole number that is exact',
    write: (value) => (isWhole(value) && fitsLong(value) ? value : undefined),
  },
  HUGE: {
    takes: 'a bigint, or a whole number that is exact',
    write: (value) => (isWhole(value) ? String(value) : undefined),
  },
  DOUBLE: { takes: 'a number', write: (value) => (typeof value === 'number' ? value : undefined) },
  DECIMAL: {
    takes: 'text, a number or a bigint',
    write: (value) => (['string', 'number', 'bigint'].includes(typeof value) ? String(value) : undefined),
  },
  TEXT: { takes: 'text', write: (value) => (typeof value === 'string' ? value : undefined) },
  TIME: {
    takes: 'text or a Date',
    write: (value) => (typeof value === 'string' ? value : isDate(value) ? value.toISOString() : undefined),
  },
  BYTES: { takes: 'a Uint8Array', write: (value) => (value instanceof Uint8Array ? value : undefined) },
  LIST: { takes: 'a list', write: (value) => (Array.isArray(value) ? json(value) : undefined) },
  OBJECT: {
    takes: 'an object',
    write: (value) => (isObject(value) ? json(value) : undefined),
  },
  MAP: {
    takes: 'an object, a Map or a list of pairs',
    write: (value) => (isPairs(value) ? object(value) : isObject(value) ? json(value) : undefined),
  },
}

const isDate = (value) => value instanceof Date && !Number.isNaN(value.getTime())

const isObject = (value) => typeof value === 'object' && !Array.isArray(value) && !isDate(value)
const isPairs = (value) => Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2)

/** Exact: whole numbers of any size as digits, bytes as the database spells them. */
function json(value) {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`
  if (isDate(value)) return JSON.stringify(value.toISOString())
  if (value instanceof Uint8Array) return JSON.stringify([...value].map(byte).join(''))
  if (value instanceof Map) return object([...value])
  return typeof value === 'object' ? object(Object.entries(value)) : JSON.stringify(value)
}

const object = (entries) =>
  `{${entries.map(([key, value]) => `${JSON.stringify(String(key))}:${json(value)}`).join(',')}}`

const byte = (value) => `\\x${value.toString(16).padStart(2, '0').toUpperCase()}`

function described(value) {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (isDate(value)) return 'a Date'
  if (typeof value === 'string') return value.length > 40 ? 'a longer text' : `'${value}'`
  if (typeof value === 'object') {
    const { name = 'Object' } = value.constructor ?? Object
    return name === 'Object' ? 'an object' : `a ${name}`
  }
  return typeof value === 'function' ? 'a function' : `${typeof value} ${String(value)}`
}

/** What a person is told of it: no stack. */
function messageOf(error) {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.slice(0, 1_000)
}
