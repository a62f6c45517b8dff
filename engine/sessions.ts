/** DuckDB sessions of subtasks, kept from epoch to epoch in one process while they hold the right state. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openSession } from '../duckdb/open-session.js'
import type { Session } from '../duckdb/session.js'
import type { EngineParts } from './engine.js'

/** Idle sessions beyond this number are closed, the longest idle first. */
const mostIdle = 8

/** Whose session it is. */
export interface Owner {
  readonly executionId: string
  readonly vertexId: string
  readonly subtask: number
}

/** The session of one subtask: one instance, with a connection for each piece of work that runs side by side. */
export interface Held {
  readonly owner: Owner
  readonly folder: string
  readonly main: Session
  /** Of that name, opened when first asked for. */
  connection(name: string): Promise<Session>
  /** Of everything that runs in it. */
  interrupt(): void
}

/** Those idle, by owner; in order of how long they have been. */
const idle = new Map<string, { readonly session: SubtaskSession; readonly label: string }>()

/** One that holds the state named by `label`, else an empty one. Until it is given back it is nobody else's. */
export async function takeSession(
  owner: Owner,
  label: string,
  parts: EngineParts,
): Promise<{ readonly held: Held; readonly restored: boolean }> {
  const key = keyOf(owner)
  const found = idle.get(key)
  // The label goes before the first write: a session that fails half-way is never taken for a good one.
  idle.delete(key)
  if (found?.label === label) return { held: found.session, restored: true }
  if (found !== undefined) await found.session.destroy()
  return { held: await SubtaskSession.open(owner, parts), restored: false }
}

/** It now holds the state named by `label`. */
export async function giveBack(held: Held, label: string): Promise<void> {
  const key = keyOf(held.owner)
  const replaced = idle.get(key)
  idle.delete(key)
  idle.set(key, { session: held as SubtaskSession, label })
  const surplus = [...idle].slice(0, Math.max(0, idle.size - mostIdle))
  for (const [other] of surplus) idle.delete(other)
  for (const { session } of [...surplus.map(([, entry]) => entry), ...(replaced === undefined ? [] : [replaced])])
    await session.destroy()
}

export async function discard(held: Held): Promise<void> {
  await (held as SubtaskSession).destroy()
}

/** An execution that has ended or waits leaves nothing behind in this process. */
export async function releaseExecution(executionId: string): Promise<void> {
  const entries = [...idle].filter(([, { session }]) => session.owner.executionId === executionId)
  for (const [key] of entries) idle.delete(key)
  for (const [, { session }] of entries) await session.destroy()
}

/** When the process ends. */
export async function releaseAll(): Promise<void> {
  const entries = [...idle.values()]
  idle.clear()
  for (const { session } of entries) await session.destroy()
}

class SubtaskSession implements Held {
  private readonly others = new Map<string, Promise<Session>>()

  private constructor(
    readonly owner: Owner,
    readonly folder: string,
    readonly main: Session,
  ) {}

  static async open(owner: Owner, parts: EngineParts): Promise<SubtaskSession> {
    const folder = join(parts.scratch, `session-${randomUUID()}`)
    await mkdir(folder, { recursive: true })
    const { memoryLimitBytes, threads } = parts
    try {
      return new SubtaskSession(owner, folder, await openSession({ folder, memoryLimitBytes, threads }))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  connection(name: string): Promise<Session> {
    const known = this.others.get(name)
    if (known !== undefined) return known
    const opened = this.main.connect()
    this.others.set(name, opened)
    return opened
  }

  interrupt(): void {
    this.main.interrupt()
  }

  async destroy(): Promise<void> {
    this.main.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function keyOf({ executionId, vertexId, subtask }: Owner): string {
  return JSON.stringify([executionId, vertexId, subtask])
}
