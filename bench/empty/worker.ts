/** A worker for nothing but the empty workflows: `worker.js ADDRESS NAMESPACE QUEUE`. */
import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'

const [address, namespace, taskQueue] = process.argv.slice(2) as [string, string, string]
Runtime.install({ logger: new DefaultLogger('WARN') })
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: { nothing: async () => undefined },
})
await worker.run()
