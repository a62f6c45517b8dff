// How set-up speaks: one line when a step begins to take time, one line when it is done, with how long it took.
// On standard error, because standard output belongs to results.

const colour = process.stderr.isTTY && !process.env.NO_COLOR
const dim = (text) => (colour ? `\u001b[2m${text}\u001b[22m` : text)
const red = (text) => (colour ? `\u001b[31m${text}\u001b[39m` : text)

let muted = false
export const say = (text) => muted || process.stderr.write(`${text}\n`)
/** After Ctrl-C what fails fails because of that, and need not be said. */
export const mute = () => {
  muted = true
}
export const note = (text) => say(dim(`    ${text}`))
export const complain = (text) => say(red(text))

/** Something that cannot be had, or failed, and what to do about it; `exit` is the exit code of the command. */
export class Stop extends Error {
  constructor(message, { hint, exit = 1 } = {}) {
    super(message)
    this.hint = hint
    this.exit = exit
  }
}

/** Runs a step. It returns its value, or `[value, detail]` where the line should say more. */
export async function step(name, run) {
  const begin = performance.now()
  // A quick step needs one line only.
  const slow = setTimeout(() => say(dim(`… ${name}`)), 1_500)
  try {
    const answer = await run()
    const [value, detail] = Array.isArray(answer) ? answer : [answer, '']
    say(`✓ ${name}${detail ? `: ${detail}` : ''} ${dim(`(${seconds(performance.now() - begin)})`)}`)
    return value
  } catch (error) {
    complain(`✗ ${name} (${seconds(performance.now() - begin)})`)
    throw error
  } finally {
    clearTimeout(slow)
  }
}

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
