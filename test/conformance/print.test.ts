import { Writable } from 'node:stream'
import { sinkConfig } from '../../connectors/print/config.js'
import { printSink } from '../../connectors/print/sink.js'
import { describeLooseSink } from './sink-suite.js'

describeLooseSink('print', () => {
  let shown = 0
  const paper = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk).length
      done()
    },
  })
  return { open: () => printSink(sinkConfig.parse({}), { STDOUT: paper, STDERR: paper }), shown: () => shown }
})
