/** A STREAMING job without a server: it ends when nothing comes any more, or when it is told to, and goes on from there. */
import { expect, test } from '@jest/globals'
import { inPlace } from './run-etl.js'

const lines = {
  id: 'lines',
  source: 'file',
  config: { path: 'in-*.csv', watch: true, columns: { at: 'TIMESTAMP', n: 'BIGINT' } },
}
const settings = { type: 'STREAMING', checkpoint: { interval: '200ms' } }

test('once no source has had input for so long it ends, and open windows fire', async () => {
  await inPlace(async (place) => {
    await place.put('in-1.csv', 'at,n\n2020-01-01 00:00:10,1\n2020-01-01 00:00:20,2\n2020-01-01 00:01:10,4\n')
    const minutes = {
      id: 'minutes',
      operator: 'WINDOW',
      input: 'lines',
      config: { type: 'TUMBLING', size: '1m', aggregates: { total: 'sum(n)' } },
    }
    const watched = { ...lines, watermark: { time: 'at', outOfOrderness: '5s' } }
    const nodes = [
      watched,
      minutes,
      { id: 'out', sink: 'file', input: 'minutes', config: { path: 'out', format: 'csv' } },
    ]
    const ended = await place.job(nodes, settings, { args: ['--until-idle', '1s'] })
    expect(ended).toMatchObject({ code: 0, answer: { status: 'COMPLETED', records: { read: 3, written: 2 } } })
    const written = await place.written()
    for (const window of ['00:00:00,2020-01-01 00:01:00,3', '00:01:00,2020-01-01 00:02:00,4'])
      expect(written).toContain(window)
  })
}, 60_000)

test('Ctrl-C ends it after the epoch that runs, and the next run in its folder goes on there', async () => {
  await inPlace(async (place) => {
    await place.put('in-1.csv', 'at,n\n2020-01-01 00:00:10,1\n')
    const nodes = [lines, { id: 'out', sink: 'file', input: 'lines', config: { path: 'out', format: 'csv' } }]
    const isWritten = async () => (await place.written().catch(() => '')).includes('00:00:10')
    const stopped = await place.job(nodes, settings, { args: ['--state', 'kept'], interrupt: isWritten })
    expect(stopped).toMatchObject({ code: 130, answer: { records: { written: 1 } } })
    await place.put('in-2.csv', 'at,n\n2020-01-01 00:00:20,2\n')
    const ended = await place.job(nodes, settings, { args: ['--state', 'kept', '--until-idle', '500ms'] })
    expect(ended).toMatchObject({ code: 0, answer: { status: 'COMPLETED', records: { read: 2, written: 2 } } })
    expect((await place.written()).match(/2020-/g)).toHaveLength(2)
    const again = await place.job(nodes, settings, { args: ['--state', 'kept'] })
    expect(again).toMatchObject({ code: 2, answer: { error: { code: 'conflict' } } })
    const wrong = await place.job(nodes, settings, { args: ['--until-idle', 'soon'] })
    expect(wrong).toMatchObject({ code: 2, answer: { error: { code: 'usage.invalid' } } })
  })
}, 60_000)
