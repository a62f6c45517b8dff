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

/** As most chains want it. */
const spareThreads = 1

/** Where `keepSpare` asked for it, one is opened before it is needed; null: not yet again. */
let spare: { readonly parts: EngineParts; opened: Promise<Instance> | null } | null = null

/** On their way out. */
const leaving = new Set<Promise<void>>()

/** One that holds the state named by `label`, else an empty one. Until it is given back it is nobody else's. */
export async function takeSession(
  owner: Owner,
  label: string,
  parts: EngineParts,
  /** Of DuckDB, where a session has to be opened. */
  threads: number,
): Promise<{ readonly held: Held; readonly restored: boolean }> {
  const key = keyOf(owner)
  const found = idle.get(key)
  // The label goes before the first write: a session that fails half-way is never taken for a good one.
  idle.delete(key)
  if (found?.label === label) return { held: found.session, restored: true }
  if (found !== undefined) await found.session.destroy()
  return { held: new SubtaskSession(owner, await takeInstance(parts, threads)), restored: false }
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

/** An execution that has ended or waits leaves nothing behind in this process; nobody has to wait until it is gone. */
export function releaseExecution(executionId: string): void {
  for (const [key, { session }] of idle) {
    if (session.owner.executionId !== executionId) continue
    idle.delete(key)
    const closing = afterwards()
      .then(() => session.destroy())
      .finally(() => leaving.delete(closing))
    leaving.add(closing)
  }
}

/** When the process ends. */
export async function releaseAll(): Promise<void> {
  const sessions = [...idle.values()].map(({ session }) => session)
  const unused = spare
  spare = null
  idle.clear()
  await Promise.all(leaving)
  for (const session of sessions) await session.destroy()
  await (await unused?.opened?.catch(() => null))?.destroy()
}

/** Opening takes longer than a small epoch: a process that serves many executions has one ready. */
export function keepSpare(parts: EngineParts): void {
  spare = { parts, opened: null }
  refill(parts)
}

function refill(parts: EngineParts): void {
  if (spare?.parts !== parts) return
  spare.opened = Instance.open(parts, spareThreads)
  // Whoever takes it hears of a failure.
  spare.opened.catch(() => undefined)
}

async function takeInstance(parts: EngineParts, threads: number): Promise<Instance> {
  const opened = spare?.parts === parts && threads === spareThreads ? spare.opened : null
  if (spare === null || opened === null) return await Instance.open(parts, threads)
  spare.opened = null
  void afterwards().then(() => refill(parts))
  return await opened
}

/** After a small execution has ended: closing and opening block this process for some milliseconds. */
function afterwards(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100))
}

/** An empty instance with its folder: nobody's yet. */
class Instance {
  private constructor(
    readonly folder: string,
    readonly main: Session,
  ) {}

  static async open({ scratch, memoryLimitBytes }: EngineParts, threads: number): Promise<Instance> {
    const folder = join(scratch, `session-${randomUUID()}`)
    await mkdir(folder, { recursive: true })
    try {
      return new Instance(folder, await openSession({ folder, memoryLimitBytes, threads }))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  async destroy(): Promise<void> {
    this.main.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

class SubtaskSession implements Held {
  private readonly others = new Map<string, Promise<Session>>()

  constructor(
    readonly owner: Owner,
    private readonly instance: Instance,
  ) {}

  get folder(): string {
    return this.instance.folder
  }

  get main(): Session {
    return this.instance.main
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

  destroy(): Promise<void> {
    return this.instance.destroy()
  }
}

function keyOf({ executionId, vertexId, subtask }: Owner): string {
  return JSON.stringify([executionId, vertexId, subtask])
}
