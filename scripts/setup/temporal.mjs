// A private Temporal development server: own database file (or none), free ports, our search attributes.
import { join } from 'node:path'
import { step } from './log.mjs'
import { answers, freePorts, untilReady } from './ports.mjs'
import { launch, run } from './process.mjs'
import { temporalProgram } from './temporal-program.mjs'

const searchAttributes = ['EtlJobId=Keyword', 'EtlStatus=Keyword', 'EtlTrigger=Keyword', 'EtlEpoch=Int']
/**
 * Without the first, every activity waits about 50 ms twice: its queue reader polls a shard 20 times a second. Without
 * the third, a timer of less than a second takes almost a second all the same. With the last, a worker that has decided on a
 * short step is given it at once.
 */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=10000',
  'history.timerProcessorMaxPollRPS=10000',
  'history.timerProcessorMaxTimeShift="10ms"',
  'system.enableActivityEagerExecution=true',
]

export async function startTemporal(directory, { keepsHistory, ui }) {
  const program = await temporalProgram()
  return step('start Temporal', async () => {
    const [port, uiPort, httpPort, metricsPort] = await freePorts(4)
    const args = [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn'],
      ...['--port', String(port), '--http-port', String(httpPort), '--metrics-port', String(metricsPort)],
      ...(ui ? ['--ui-port', String(uiPort)] : ['--headless']),
      ...(keepsHistory ? ['--db-filename', join(directory, 'temporal.db')] : []),
      ...searchAttributes.flatMap((each) => ['--search-attribute', each]),
      ...dynamicConfig.flatMap((each) => ['--dynamic-config-value', each]),
    ]
    const started = launch(program, args, { log: join(directory, 'temporal.log'), env: withoutProfile })
    const address = `127.0.0.1:${port}`
    await untilReady(
      'Temporal',
      started,
      async () => (await answers('127.0.0.1', port)) && isComplete(program, address),
    )
    return [{ ...started, address, ui: ui ? `http://127.0.0.1:${uiPort}` : null }, address]
  })
}

/** Namespace and search attributes come a moment after the port. */
async function isComplete(program, address) {
  const list = await run(program, ['operator', 'search-attribute', 'list', '--address', address], {
    env: withoutProfile,
    quiet: true,
  }).catch(() => '')
  return searchAttributes.every((each) => list.includes(each.split('=')[0]))
}

/** A person's own Temporal settings name another server. */
const withoutProfile = {
  TEMPORAL_ADDRESS: undefined,
  TEMPORAL_NAMESPACE: undefined,
  TEMPORAL_PROFILE: undefined,
  TEMPORAL_API_KEY: undefined,
  TEMPORAL_TLS: undefined,
  TEMPORAL_CONFIG_FILE: undefined,
}
