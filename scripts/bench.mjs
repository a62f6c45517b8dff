// npm run bench [-- names] [--strict]: every benchmark beside the raw limit of the same machine in the same run.
import { join } from 'node:path'
import { build } from './setup/build.mjs'
import { step } from './setup/log.mjs'
import { main } from './setup/main.mjs'
import { packages } from './setup/packages.mjs'
import { root } from './setup/paths.mjs'
import { run } from './setup/process.mjs'
import { environment } from './setup/services.mjs'
import { withStack } from './setup/stack.mjs'

await main(async (args) => {
  await packages()
  await build()
  await step('make the data: 3,000,000 flights as CSV', () => compiled(['scripts', 'demo', 'make-data.js'], []))
  // A broker takes Java: only who asks for the benchmark by its name needs it.
  const kafka = args.includes('kafka') ? ['kafka'] : []
  await withStack('bench', ['mysql', 'temporal', ...kafka], (stack) =>
    compiled(['bench', 'main.js'], args, {
      out: 1,
      err: 2,
      // Only of a server that was started here is the process known, and with it what it uses.
      env: {
        ...environment(stack),
        ETL_BENCH_KAFKA: stack.kafka?.brokers,
        ETL_BENCH_KAFKA_PID: String(stack.kafka?.pid ?? ''),
        ETL_BENCH_MYSQL_PID: String(stack.mysql.pid ?? ''),
        ETL_BENCH_TEMPORAL_PID: String(stack.temporal.pid ?? ''),
      },
    }),
  )
})

function compiled(path, args, options) {
  return run(process.execPath, [join(root, 'dist', ...path), ...args], options)
}
