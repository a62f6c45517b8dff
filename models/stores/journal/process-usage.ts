/** What this process uses: processor time since it was last asked, and memory. */
let before = { cpu: process.cpuUsage(), at: process.hrtime.bigint() }

export function processUsage(): { readonly cpuUsagePercent: number; readonly memoryUsageBytes: number } {
  const now = { cpu: process.cpuUsage(), at: process.hrtime.bigint() }
  const usedMicros = now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system
  const passedMicros = Number(now.at - before.at) / 1000
  before = now
  return {
    cpuUsagePercent: passedMicros > 0 ? Math.round((usedMicros * 10_000) / passedMicros) / 100 : 0,
    memoryUsageBytes: process.memoryUsage.rss(),
  }
}
