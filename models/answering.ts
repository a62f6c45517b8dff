/**
 * Connections whose statements do not wait without end for a server that says nothing (I7). A slow statement is no reason to
 * give up, so after a while of silence the server is asked for another connection: one that gives none is away.
 */
import mysql2, { type Connection, type ConnectionOptions } from 'mysql2'

/** After so much silence it is asked, and as often again. */
const SILENCE_MS = 4000
/** So long it may take to greet. */
const GREETING_MS = 3000

/** Opens connections. A statement that the server has no ear for fails after 7 s; whether it was done, nobody knows. */
export function answeringConnections(): (options: ConnectionOptions) => Connection {
  let asked: Promise<boolean> | null = null
  return (options) => {
    // One question for all who wait.
    const answers = () => {
      asked ??= greets(options).finally(() => {
        asked = null
      })
      return asked
    }
    const connection = mysql2.createConnection(options)
    watch(connection, 'query', answers)
    watch(connection, 'execute', answers)
    return connection
  }
}

type Ask = (...given: unknown[]) => unknown

function watch(connection: Connection, method: 'query' | 'execute', answers: () => Promise<boolean>): void {
  const ask = (connection[method] as Ask).bind(connection)
  connection[method] = ((...given: unknown[]) => {
    const told = given.at(-1)
    // One that streams its rows is heard by its reader.
    if (typeof told !== 'function') return ask(...given)
    let timer: NodeJS.Timeout | null = null
    let ended = false
    const wait = () => {
      timer = setTimeout(async () => {
        const there = await answers()
        if (ended) return
        if (there) wait()
        else giveUp(connection)
      }, SILENCE_MS)
    }
    wait()
    return ask(...given.slice(0, -1), (...answer: unknown[]) => {
      ended = true
      if (timer !== null) clearTimeout(timer)
      told(...answer)
    })
  }) as never
}

/** Its stream, not the connection: a farewell would wait for the server as well. */
function giveUp(connection: Connection): void {
  const error = Object.assign(new Error('The server takes connections and says nothing.'), { code: 'ETIMEDOUT' })
  ;(connection as Connection & { stream: { destroy(error: Error): void } }).stream.destroy(error)
}

/** Refused by the server itself (too many connections, a changed password) is an answer too. */
function greets(options: ConnectionOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = mysql2.createConnection({ ...options, connectTimeout: GREETING_MS })
    connection.once('connect', () => {
      resolve(true)
      connection.end(() => undefined)
    })
    connection.on('error', (error) => resolve(String(error.code).startsWith('ER_')))
  })
}
