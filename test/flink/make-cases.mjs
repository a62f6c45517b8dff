/** Writes cases.jsonl: records out of order over a few keys, and windows of every kind. The same numbers every time. */
import { writeFileSync } from 'node:fs'

/** mulberry32 */
function generator(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const windows = [
  { type: 'TUMBLING', size: 100 },
  { type: 'TUMBLING', size: 70, offset: -30 },
  { type: 'TUMBLING', size: 50, offset: 20 },
  { type: 'HOPPING', size: 100, slide: 30, offset: 10 },
  { type: 'HOPPING', size: 60, slide: 60 },
  { type: 'HOPPING', size: 40, slide: 100, offset: -25 },
  { type: 'SESSION', gap: 20 },
  { type: 'SESSION', gap: 5 },
  { type: 'SESSION', gap: 60 },
]
const settings = [
  { bound: 0, lateness: 0 },
  { bound: 0, lateness: 45 },
  { bound: 25, lateness: 0 },
  { bound: 25, lateness: 100 },
  { bound: 90, lateness: 10 },
]
/** How far records go back at most, how many there are, over how many keys. `grid`: times are multiples of it, so that they tie and touch. */
const shapes = [
  { back: 60, count: 60, keys: 3, grid: 1, step: 12 },
  { back: 150, count: 250, keys: 4, grid: 5, step: 9 },
]

const cases = []
for (const [w, window] of windows.entries())
  for (const [s, setting] of settings.entries())
    for (const [h, shape] of shapes.entries()) {
      const seed = 1 + w * 100 + s * 10 + h
      const draw = generator(seed)
      let now = -300
      const records = Array.from({ length: shape.count }, () => {
        // Now and then nothing comes for a while.
        now += draw(shape.step) + (draw(25) === 0 ? 150 : 0)
        const time = now - (draw(3) === 0 ? draw(shape.back) : 0)
        return [draw(shape.keys), Math.floor(time / shape.grid) * shape.grid]
      })
      cases.push({ seed, window, ...setting, records })
    }
writeFileSync(new URL('cases.jsonl', import.meta.url), cases.map((one) => `${JSON.stringify(one)}\n`).join(''))
