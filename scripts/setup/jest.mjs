// Jest over the sources, reduced to how many tests passed and failed.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Stop } from './log.mjs'
import { folder, root } from './paths.mjs'
import { run } from './process.mjs'

const program = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules', 'jest', 'bin', 'jest.js')]

/** A test file that could not even be loaded counts as one failure. */
export async function jest(args, env) {
  const report = join(folder('test'), `report-${process.pid}.json`)
  try {
    // Jest prints the JSON on standard output as well, where it would bury the result.
    const stdio = { out: 'ignore', err: 2, quiet: true }
    const succeeded = await run(process.execPath, [...program, ...args, '--json', `--outputFile=${report}`], {
      env,
      ...stdio,
    }).then(
      () => true,
      () => false,
    )
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = read(report)
    const failed = numFailedTests + numRuntimeErrorTestSuites
    // Jest also fails for what belongs to no test, such as a coverage threshold.
    return { passed: numPassedTests, failed: !succeeded && failed === 0 ? 1 : failed }
  } finally {
    rmSync(report, { force: true })
  }
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new Stop('jest ended without a report; see above')
  }
}
