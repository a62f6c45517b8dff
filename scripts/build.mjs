// npm run build: packages, compiled sources, workflow bundle, the `etl` command.
import { build } from './setup/build.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'

await main(async () => {
  await packages()
  await build()
})
