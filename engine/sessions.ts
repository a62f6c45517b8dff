/** DuckDB sessions of subtasks, kept from epoch to epoch in one process while they hold the right state. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { openSession, spillName } from '../duckdb/open-session.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import type { EngineParts } from './engine.js'

/**
 * Idle sessions beyond the larger number are closed, the longest idle first, so that a job whose subtasks are fewer finds all
 * of them again; beyond the smaller one too, where the process has grown large.
 */
const mostIdle = { roomy: 64, full: 8 }
const isRoomy = () => process.memoryUsage.rss() < totalmem() / 4

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
  /** What lives as long as the session, made when first asked for by that name. */
  attach<T extends Attached>(name: string, make: () => T): T
  /** Of everything that runs in it. */
  interrupt(): void
}

export interface Attached {
  interrupt(): void
  end(): Promise<void>
}

/** Those idle, by owner; in order of how long they have been. */
const idle = new Map<string, { readonly session: SubtaskSession; readonly label: string }>()

/** Empty ones, as most chains want them: opening and closing take longer than a small epoch, and block the process. */
const spares: Instance[] = []
const spareThreads = 1
/** None where one execution is all there will be. */
let mostSpare = 0

/** On their way out. */
const leaving = new Set<Promise<void>>()

/** One that holds the state named by `label`, else an empty one. Until it is given back it is nobody else's. */
export async function takeSession(
  owner: Owner,
  label: string,
  parts: EngineParts,
  /** Of DuckDB; asked only where a session has to be opened. */
  threads: () => Promise<number>,
): Promise<{ readonly held: Held; readonly restored: boolean }> {
  const key = keyOf(owner)
  const found = idle.get(key)
  // The label goes before the first write: a session that fails half-way is never taken for a good one.
  idle.delete(key)
  if (found?.label === label) return { held: found.session, restored: true }
  if (found !== undefined) await found.session.destroy()
  return { held: new SubtaskSession(owner, await takeInstance(parts, await threads())), restored: false }
}

/** It now holds the state named by `label`. */
export async function giveBack(held: Held, label: string): Promise<void> {
  const key = keyOf(held.owner)
  const replaced = idle.get(key)
  idle.delete(key)
  idle.set(key, { session: held as SubtaskSession, label })
  const most = idle.size > mostIdle.full && isRoomy() ? mostIdle.roomy : mostIdle.full
  const surplus = [...idle].slice(0, Math.max(0, idle.size - most))
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
    const going = soon()
      .then(() => session.vacate())
      // What cannot be removed is removed with the scratch folder of the process.
      .catch(() => undefined)
      .finally(() => leaving.delete(going))
    leaving.add(going)
  }
}

/** The end of the execution is told first. */
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 25))

/** When the process ends. */
export async function releaseAll(): Promise<void> {
  await Promise.all(leaving)
  const instances = [...[...idle.values()].map(({ session }) => session), ...spares]
  idle.clear()
  spares.length = 0
  for (const instance of instances) await instance.destroy()
}

/** In a process that serves many executions, where each finds an instance ready, the first one too. */
export async function keepSpares(parts: EngineParts): Promise<void> {
  mostSpare = 2
  for (let opened = 0; opened < mostSpare; opened += 1) spares.push(await Instance.open(parts, spareThreads))
}

async function takeInstance(parts: EngineParts, threads: number): Promise<Instance> {
  const at = spares.findIndex((spare) => spare.parts === parts && spare.threads === threads)
  return at === -1 ? await Instance.open(parts, threads) : spares.splice(at, 1)[0]!
}

/** An instance with its folder. */
class Instance {
  private constructor(
    readonly parts: EngineParts,
    readonly threads: number,
    readonly folder: string,
    readonly main: Session,
  ) {}

  static async open(parts: EngineParts, threads: number): Promise<Instance> {
    const folder = join(parts.scratch, `session-${randomUUID()}`)
    await mkdir(folder, { recursive: true })
    const { memoryLimitBytes } = parts
    try {
      return new Instance(parts, threads, folder, await openSession({ folder, memoryLimitBytes, threads }))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** As it was when it was opened; nothing but tables, views and files is ever left in it. */
  async empty(): Promise<void> {
    const left = await this.main.rows(
      `SELECT 'VIEW', view_name FROM duckdb_views() WHERE NOT internal
       UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables()`,
    )
    for (const [kind, name] of left) await this.main.run(`DROP ${kind} ${identifier(String(name))}`)
    const entries = (await readdir(this.folder)).filter((entry) => entry !== spillName)
    for (const entry of entries) await rm(join(this.folder, entry), { recursive: true })
  }

  async destroy(): Promise<void> {
    this.main.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

class SubtaskSession implements Held {
  private readonly others = new Map<string, Promise<Session>>()
  private readonly attached = new Map<string, Attached>()

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

  attach<T extends Attached>(name: string, make: () => T): T {
    const known = this.attached.get(name)
    if (known !== undefined) return known as T
    const made = make()
    this.attached.set(name, made)
    return made
  }

  interrupt(): void {
    this.main.interrupt()
    for (const one of this.attached.values()) one.interrupt()
  }

  async destroy(): Promise<void> {
    await this.endAttached()
    await this.instance.destroy()
  }

  /** Its instance is spare, if one is wanted. */
  async vacate(): Promise<void> {
    const { instance } = this
    try {
      await this.endAttached()
      for (const other of this.others.values()) (await other).close()
      await instance.empty()
    } catch {
      return await instance.destroy()
    }
    if (instance.threads !== spareThreads || spares.length >= mostSpare) return await instance.destroy()
    spares.push(instance)
  }

  private async endAttached(): Promise<void> {
    for (const one of this.attached.values()) await one.end()
  }
}

function keyOf({ executionId, vertexId, subtask }: Owner): string {
  return JSON.stringify([executionId, vertexId, subtask])
}
