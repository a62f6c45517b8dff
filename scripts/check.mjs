// npm run check [-- names]: what a change must pass besides its tests. Every step runs, also after one has failed.
import { audit, deadCode, format, generated, imports, paths, types } from './check/steps.mjs'
import { build } from './setup/build.mjs'
import { complain, Stop, say, step } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'

const steps = {
  format: ['format and lint (biome)', format],
  types: ['types (tsc)', types],
  imports: ['import rules (dependency-cruiser)', imports],
  unused: ['dead code (knip)', deadCode],
  generated: ['generated files are current', generated],
  paths: ['no paths of a machine in files', paths],
  audit: ['dependency audit (npm)', audit],
}

await main(async (args) => {
  const unknown = args.find((name) => !(name in steps))
  if (unknown) throw new Stop(`no step ${unknown}`, { hint: `Steps: ${Object.keys(steps).join(', ')}`, exit: 2 })
  await packages()
  await build().catch((error) => complain(`${error.message}; what needs the build will fail`))
  const failed = []
  for (const name of args.length > 0 ? args : Object.keys(steps)) {
    const [title, run] = steps[name]
    await step(title, run).catch((error) => {
      complain(error.message)
      failed.push(name)
    })
  }
  say(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
})
