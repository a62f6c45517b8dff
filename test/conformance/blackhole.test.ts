import { blackhole } from '../../connectors/blackhole/index.js'
import { describeLooseSink } from './sink-suite.js'

const ctx = { base: '/', fileRoots: [], signal: new AbortController().signal }

describeLooseSink('blackhole', () => ({ open: () => blackhole.sink!.open({}, null, ctx), shown: () => 0 }))
