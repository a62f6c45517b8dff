/** What a person types, or a script gives on standard input: secrets never come as arguments, which others can read. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { JobError } from '../core/errors/job-error.js'

/** What is typed for a hidden answer is not shown. */
export async function ask(question: string, hidden: boolean): Promise<string> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: hidden ? silent : process.stderr, terminal: true })
  try {
    return (await lines.question('')).trim()
  } finally {
    lines.close()
    if (hidden) process.stderr.write('\n')
  }
}

/** All of it, without the line's end. */
export async function standardInput(): Promise<string> {
  let value = ''
  for await (const chunk of process.stdin) value += String(chunk)
  return value.replace(/\r?\n$/, '')
}

/** Asked for on a terminal, each in turn; else one line of standard input for each. */
export async function secretLines(questions: readonly string[]): Promise<readonly string[]> {
  if (process.stdin.isTTY === true) {
    const typed: string[] = []
    for (const question of questions) typed.push(await ask(question, true))
    return typed
  }
  const lines = (await standardInput()).split(/\r?\n/)
  if (lines.length === questions.length && lines.every((line) => line !== '')) return lines
  throw new JobError('usage.invalid', `Standard input must have ${questions.length} lines: ${questions.join(' ')}`)
}
