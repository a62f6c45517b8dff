// A private broker of Apache Kafka that is its own controller.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaProgram } from './kafka-program.mjs'
import { step } from './log.mjs'
import { answers, freePorts, untilReady } from './ports.mjs'
import { launch, run } from './process.mjs'

export async function startKafka(directory) {
  const { java, classPath } = await kafkaProgram()
  return step('start Kafka', async () => {
    const [port, controller] = await freePorts(2)
    const place = join(directory, `kafka-${port}`)
    const { format, serve } = brokerFiles(place, classPath, { port, controller })
    await run(java, format)
    const started = launch(java, serve, { log: join(directory, 'kafka.log') })
    await untilReady('Kafka', started, () => answers('127.0.0.1', port))
    return [{ ...started, brokers: `127.0.0.1:${port}`, remove: place }, `127.0.0.1:${port}`]
  })
}

/**
 * Writes its settings; answers the arguments of Java that format its disk, and those that run it. `properties` are lines
 * besides those that every broker needs, `formatting` further arguments of the tool that formats.
 */
export function brokerFiles(
  place,
  classPath,
  { port, controller, listener = 'PLAINTEXT', properties = [], formatting = [] },
) {
  mkdirSync(place, { recursive: true })
  const file = join(place, 'server.properties')
  const address = `127.0.0.1:${port}`
  const own = [
    ...['process.roles=broker,controller', 'node.id=1', 'controller.listener.names=CONTROLLER'],
    `listeners=${listener}://${address},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${listener}://${address}`,
    `listener.security.protocol.map=${listener}:${listener},CONTROLLER:PLAINTEXT`,
    ...(listener === 'PLAINTEXT' ? [] : [`inter.broker.listener.name=${listener}`]),
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `log.dirs=${join(place, 'kafka')}`,
    ...['offsets.topic.replication.factor=1', 'offsets.topic.num.partitions=4', 'auto.create.topics.enable=false'],
    ...['transaction.state.log.replication.factor=1', 'transaction.state.log.min.isr=1'],
    ...['transaction.state.log.num.partitions=4', 'group.initial.rebalance.delay.ms=0', 'log.cleaner.backoff.ms=200'],
    ...properties,
  ]
  writeFileSync(file, `${own.join('\n')}\n`)
  const java = (...args) => ['-Xmx512m', '-cp', classPath, ...args]
  return {
    format: java('kafka.tools.StorageTool', 'format', '-t', 'etlPrivateCluster00000', '-c', file, ...formatting),
    serve: java('kafka.Kafka', file),
  }
}
