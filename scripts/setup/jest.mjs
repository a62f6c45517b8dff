// Jest over the sources, reduced to how many tests passed, which failed, and which files took longest.
import { readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Stop } from './log.mjs'
import { folder, root } from './paths.mjs'
import { run } from './process.mjs'

const program = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules', 'jest', 'bin', 'jest.js')]

/** A test file that could not even be loaded counts as one failure. */
export async function jest(args, env) {
  const report = join(folder('test'), `report-${process.pid}.json`)
  // What it compiled, and how long each file took, so that the longest come first the next time.
  const cache = `--cacheDirectory=${folder('test', 'jest')}`
  try {
    // Jest prints the JSON on standard output as well, where it would bury the result.
    const stdio = { out: 'ignore', err: 2, quiet: true }
    const succeeded = await run(process.execPath, [...program, cache, ...args, '--json', `--outputFile=${report}`], {
      env,
      ...stdio,
    }).then(
      () => true,
      () => false,
    )
    const { numPassedTests, testResults } = read(report)
    const failures = testResults.flatMap(failuresOf)
    // Jest also fails for what belongs to no test, such as a coverage threshold.
    if (!succeeded && failures.length === 0) failures.push(`jest ${args.join(' ')}: see above`)
    const files = testResults.map(({ name, startTime, endTime }) => ({
      name: relative(root, name),
      seconds: Math.round((endTime - startTime) / 1000),
    }))
    return { passed: numPassedTests, failures, files }
  } finally {
    rmSync(report, { force: true })
  }
}

/** Says how it went, `N passed, N failed` last. Gives the exit code. */
export function told({ passed, failures, files }) {
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, 20)
  process.stdout.write(`slowest: ${slowest.map(({ name, seconds }) => `${name} ${seconds} s`).join(', ')}\n`)
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`)
  process.stdout.write(`${passed} passed, ${failures.length} failed\n`)
  return failures.length > 0 || passed === 0 ? 1 : 0
}

function failuresOf({ name, status, assertionResults }) {
  const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName)
  if (status === 'failed' && tests.length === 0) tests.push('could not be loaded')
  return tests.map((test) => `${relative(root, name)}: ${test}`)
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new Stop('jest ended without a report; see above')
  }
}
