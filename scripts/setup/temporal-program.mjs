// The Temporal CLI, which holds a whole server: named, on PATH, kept from before, downloaded, or built from its Go module.
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { find, isExecutable } from './find.mjs'
import { note, Stop, seconds, step } from './log.mjs'
import { folder } from './paths.mjs'
import { run } from './process.mjs'

/** The last release that `go install` accepts: later modules contain `replace`. */
const version = 'v1.5.1'
const module = `github.com/temporalio/cli/cmd/temporal@${version}`
const platforms = { linux: 'linux', darwin: 'darwin', win32: 'windows' }
const architectures = { x64: 'amd64', arm64: 'arm64' }

export async function temporalProgram() {
  const named = process.env.TEMPORAL_CLI
  if (named && !isExecutable(named)) throw new Stop(`TEMPORAL_CLI names ${named}, which is not a program`, { exit: 3 })
  const cached = join(folder('bin'), 'temporal')
  const present = named || find('temporal') || (isExecutable(cached) ? cached : null)
  if (present) return present
  if ((await download(cached)) || (await goInstall(cached))) return cached
  throw new Stop('the Temporal CLI is needed; it could not be downloaded, and there is no Go to build it with', {
    hint: 'Install it (https://docs.temporal.io/cli) or Go 1.23 or newer, or set TEMPORAL_CLI or ETL_TEMPORAL_ADDRESS.',
    exit: 3,
  })
}

/** The place that the SDK downloads from. Where it is out of reach that shows within seconds, and is no failure. */
async function download(target) {
  const query = `platform=${platforms[process.platform]}&arch=${architectures[process.arch]}`
  const archive = `${target}.tar.gz`
  const aborted = new AbortController()
  let patience = setTimeout(() => aborted.abort(new Error('no answer within 5 s')), 5_000)
  try {
    return await step('download the Temporal CLI', async () => {
      const url = `https://temporal.download/cli/archive/${version}?${query}`
      const answer = await fetch(url, { signal: aborted.signal })
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
      const body = Readable.fromWeb(answer.body)
      body.on('data', () => {
        clearTimeout(patience)
        patience = setTimeout(() => aborted.abort(new Error('the download stalled')), 15_000)
      })
      await pipeline(body, createWriteStream(archive), { signal: aborted.signal })
      await run('tar', ['-xzf', archive, '-C', folder('bin'), 'temporal'])
      await run(target, ['--version'])
      return true
    })
  } catch (error) {
    note(`not downloaded: ${error.cause?.code ?? error.message}`)
    rmSync(target, { force: true })
    return false
  } finally {
    clearTimeout(patience)
    rmSync(archive, { force: true })
  }
}

async function goInstall(target) {
  const go = find('go')
  if (!go) return false
  const begin = performance.now()
  await step(`build the Temporal CLI with Go, once: about 5 minutes on 2 cores`, async () => {
    let packages = 0
    const said = setInterval(() => note(`${packages} packages built, ${seconds(performance.now() - begin)}`), 30_000)
    const progress = (text) => {
      packages += text.split('\n').filter((line) => line && !line.startsWith('go: ')).length
    }
    // Built aside, so that a half-written program is never found.
    const building = folder('bin', 'building')
    const env = { GOBIN: building, GOFLAGS: '', CGO_ENABLED: '0', ...goFolders() }
    try {
      await run(go, ['install', '-v', module], { env, progress })
      renameSync(join(building, 'temporal'), target)
    } catch (error) {
      throw new Stop('the Temporal CLI could not be built', { hint: error.message, exit: 3 })
    } finally {
      clearInterval(said)
      rmSync(building, { recursive: true, force: true })
    }
  })
  return true
}

/** Go refuses to work without a home for its caches. */
const goFolders = () => (process.env.HOME ? {} : { GOPATH: folder('go'), GOCACHE: folder('go', 'cache') })
