/** What this process uses: processor time since it was last asked, and memory. */
export interface ProcessUsage {
  readonly cpuUsagePercent: number
  readonly memoryUsageBytes: number
}

/** Each asker has a since of its own: who asks often must not leave others a moment that says nothing. */
export function usageMeter(): () => ProcessUsage {
  let before = { cpu: process.cpuUsage(), at: process.hrtime.bigint() }
  return () => {
    const now = { cpu: process.cpuUsage(), at: process.hrtime.bigint() }
    const usedMicros = now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system
    const passedMicros = Number(now.at - before.at) / 1000
    before = now
    return {
      cpuUsagePercent: passedMicros > 0 ? Math.round((usedMicros * 10_000) / passedMicros) / 100 : 0,
      memoryUsageBytes: process.memoryUsage.rss(),
    }
  }
}

export const processUsage = usageMeter()
