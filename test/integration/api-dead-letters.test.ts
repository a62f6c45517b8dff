/** Dead letters over REST while Temporal is away: who may do what, and that a request counts once. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { type LentApi, withApi } from '../support/api.js'

/** A job, an execution of it, and so many of its records that failed. */
async function withLetters(count: number, run: (api: LentApi, jobId: string, ids: string[]) => Promise<void>) {
  await withApi({}, async (api) => {
    await writeFile(join(api.folder, 'in.csv'), 'id,amount\n1,10\n')
    const spec = {
      name: 'letters',
      onBadRecord: { action: 'DEAD_LETTER' },
      nodes: [
        { id: 'in', source: 'file', config: { path: 'in.csv' } },
        { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'csv' } },
      ],
    }
    const { jobId } = (await api.call('post', '/jobs', 'DEVELOPER').send(spec).expect(201)).body
    const started = await api.call('post', `/jobs/${jobId}/executions`, 'DEVELOPER').send({}).expect(202)
    const ids = Array.from({ length: count }, () => randomUUID())
    for (const [number, deadLetterId] of ids.entries())
      await api.database.tables.deadLetter.create({
        deadLetterId,
        jobId,
        jobVersion: 1,
        executionId: started.body.executionId,
        lineageId: 'none',
        epoch: 1,
        operatorId: 'in',
        originalRecord: `${number},x`,
        recordForm: { kind: number === 0 ? 'CUT' : 'TEXT', header: 'id,amount', of: 'in', nodeId: 'in' },
        sourcePosition: { file: 'in.csv', line: number + 2 },
        errorCode: 'record.bad',
        errorMessage: 'No number.',
      })
    await run(api, jobId, ids)
  })
}

const statusesOf = async (api: LentApi, jobId: string) =>
  (await api.call('get', `/jobs/${jobId}/dead-letters`, 'USER').expect(200)).body.items
    .map(({ status }: { status: string }) => status)
    .reverse()

test('USER looks at them, DEVELOPER changes and replays them, and what a record holds is not in the audit', async () => {
  await withLetters(2, async (api, jobId, [cut, second]) => {
    const change = (as: 'USER' | 'DEVELOPER', body: object) =>
      api.call('patch', `/dead-letters/${second}`, as).send(body)
    await change('USER', { version: 1, record: '1,1' }).expect(403)
    await api.call('post', '/dead-letters/replay', 'USER').send({ jobId }).expect(403)
    const { body } = await change('DEVELOPER', { version: 1, record: '1,opensesame' }).expect(200)
    expect(body).toMatchObject({ status: 'EDITED', editedRecord: '1,opensesame', version: 2 })
    await change('DEVELOPER', { version: 1, record: '1,1' }).expect(409)
    await change('DEVELOPER', { record: '1,1' }).expect(400)
    await change('DEVELOPER', { version: 2 }).expect(400)
    await change('DEVELOPER', { version: 2, status: 'DISCARDED' }).expect(200)
    expect(await statusesOf(api, jobId)).toEqual(['NEW', 'DISCARDED'])
    const none = await api
      .call('post', '/dead-letters/replay', 'DEVELOPER')
      .send({ ids: [cut, second] })
      .expect(409)
    expect(none.body.detail).toContain('Only the beginning')
    await change('DEVELOPER', { version: 3, status: 'NEW' }).expect(200)
    expect(await statusesOf(api, jobId)).toEqual(['NEW', 'EDITED'])
    const { items } = (await api.call('get', '/operation-logs')).body
    expect(JSON.stringify(items)).toContain('EDIT_DEAD_LETTER')
    expect(JSON.stringify(items)).not.toContain('opensesame')
    await api.call('get', `/dead-letters/${randomUUID()}`).expect(404)
    await api
      .call('post', '/dead-letters/replay')
      .send({ ids: [randomUUID()] })
      .expect(404)
    await api.call('post', '/dead-letters/replay').send({}).expect(400)
  })
})

test('one request starts one replay, however often it is sent, and what nobody has begun gives its records back', async () => {
  await withLetters(3, async (api, jobId, [, second, third]) => {
    const replay = (key: string) =>
      api.call('post', '/dead-letters/replay', 'DEVELOPER').set('Idempotency-Key', key).send({ jobId })
    const first = await replay('one').expect(202)
    expect(first.body).toMatchObject({
      replays: [{ status: 'CREATED', deadLetters: 2 }],
      refused: [{ reason: expect.stringContaining('Only the beginning') }],
      left: 0,
    })
    expect((await replay('one').expect(202)).body).toEqual(first.body)
    // The answer was lost with the process that was to give it.
    await api.database.execute('UPDATE etl_idempotency_key SET response_status = NULL, create_time = :past', {
      past: new Date(Date.now() - 120_000),
    })
    expect((await replay('one').expect(202)).body.replays).toEqual(first.body.replays)
    expect(await statusesOf(api, jobId)).toEqual(['NEW', 'REPLAYING', 'REPLAYING'])
    await replay('two').expect(409)
    const held = await api.call('patch', `/dead-letters/${second}`).send({ version: 2, record: '1,1' }).expect(409)
    expect(held.body.detail).toContain('REPLAYING')
    expect((await api.call('get', `/executions?jobId=${jobId}`)).body.items).toHaveLength(2)

    const { executionId } = first.body.replays[0]
    await api.call('post', `/executions/${executionId}/cancel`, 'DEVELOPER').expect(202)
    expect(await statusesOf(api, jobId)).toEqual(['NEW', 'NEW', 'NEW'])
    const again = await api
      .call('post', '/dead-letters/replay')
      .send({ ids: [third] })
      .expect(202)
    expect(again.body.replays).toMatchObject([{ deadLetters: 1 }])
    expect(again.body.replays[0].executionId).not.toBe(executionId)
  })
})
