// A small S3 server for tests: named, on PATH, kept from before, or built from its Go module.
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { find, isExecutable } from './find.mjs'
import { note, Stop, step } from './log.mjs'
import { folder } from './paths.mjs'
import { run } from './process.mjs'

const version = 'v1.8.0'
const module = `github.com/versity/versitygw/cmd/versitygw@${version}`

/** null: there is none; what needs it is left out. */
export async function s3Program() {
  const named = process.env.ETL_TEST_S3_SERVER
  if (named && !isExecutable(named)) {
    throw new Stop(`ETL_TEST_S3_SERVER names ${named}, which is not a program`, { exit: 3 })
  }
  const kept = join(folder('bin'), 'versitygw')
  const present = named || find('versitygw') || (isExecutable(kept) ? kept : null)
  return present ?? (await goInstall(kept))
}

async function goInstall(target) {
  const go = find('go')
  if (!go) return null
  // Built aside, so that a half-written program is never found.
  const building = folder('bin', 'building-s3')
  const home = process.env.HOME ? {} : { GOPATH: folder('go'), GOCACHE: folder('go', 'cache') }
  const env = { GOBIN: building, GOFLAGS: '', CGO_ENABLED: '0', ...home }
  try {
    await step('build an S3 server with Go, once: about 2 minutes on 2 cores', () =>
      run(go, ['install', module], { env }),
    )
    renameSync(join(building, 'versitygw'), target)
    return target
  } catch (error) {
    note(`not built: ${error.message}`)
    return null
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}
