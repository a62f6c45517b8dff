/** What a process has used, from /proc; null on machines that have none. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** User and system time in milliseconds. Linux counts in hundredths of a second. */
export function cpuOf(pid: number | null): number | null {
  if (pid === null) return null
  const stat = read(pid, 'stat')
  if (stat === null) return null
  // Fields 14 and 15; the second field is the name in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Resident memory at its highest since the process began, or since `resetPeak`. */
export function peakOf(pid: number): number | null {
  const kib = /VmHWM:\s+(\d+) kB/.exec(read(pid, 'status') ?? '')?.[1]
  return kib === undefined ? null : Number(kib) * 1024
}

/** Resident memory now. */
export function residentOf(pid: number): number | null {
  const kib = /VmRSS:\s+(\d+) kB/.exec(read(pid, 'status') ?? '')?.[1]
  return kib === undefined ? null : Number(kib) * 1024
}

export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Then the peak is that of the whole run, which is only stricter.
  }
}

/** Calls `work` and answers what all these processes used meanwhile; null if one of them cannot be asked. */
export async function withCpu<T>(
  pids: readonly (number | null)[],
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly ms: number; readonly cpuMs: number | null }> {
  const used = () => pids.map(cpuOf)
  const before = used()
  const began = performance.now()
  const value = await work()
  const ms = performance.now() - began
  const deltas = used().map((after, index) => (after === null ? null : after - (before[index] ?? 0)))
  const cpuMs = deltas.reduce((sum, delta) => (sum === null || delta === null ? null : sum + delta), 0)
  return { value, ms, cpuMs }
}

/** Until a server has put away what the round before left it to do. */
export async function untilQuiet(pid: number | null): Promise<void> {
  const stepMs = 250
  for (let tries = 0; tries < 60; tries += 1) {
    const before = cpuOf(pid)
    if (before === null) return
    await sleep(stepMs)
    if ((cpuOf(pid) ?? before) - before < stepMs / 10) return
  }
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}
