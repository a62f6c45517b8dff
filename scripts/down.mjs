// npm run down: ends what `npm run demo -- --keep` left running, and what a killed command could not end itself.
import { say } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { takeDown } from './setup/stack.mjs'

await main(async () => {
  for (const name of ['main', 'test', 'bench', 'mysql9']) await takeDown(name)
  say('nothing of this checkout is kept running')
})
