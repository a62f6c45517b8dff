/** The lock-out after failed log-ins, against attempts that are made together. */
import { describe, expect, test } from '@jest/globals'
import { type LentApi, withApi } from '../support/api.js'

const PASSWORD = 'correct horse battery'

async function makeUser({ call }: LentApi): Promise<string> {
  return (await call('post', '/users').send({ username: 'anna', password: PASSWORD }).expect(201)).body.userId
}

const logIn = ({ call }: LentApi, password: string) =>
  call('post', '/auth/login', null).send({ username: 'anna', password })

const together = async <T>(count: number, run: () => PromiseLike<T>): Promise<readonly T[]> =>
  await Promise.all(Array.from({ length: count }, async () => await run()))

const statusOf = async ({ call }: LentApi, userId: string) => (await call('get', `/users/${userId}`)).body.status

describe('an account is locked by failures that come together', () => {
  test('at the log-in, and stays so however many more were on their way', async () => {
    await withApi({}, async (api) => {
      const userId = await makeUser(api)
      for (const count of [9, 6]) {
        const answers = await together(count, () => logIn(api, 'wrong password!'))
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401))
        expect([count, await statusOf(api, userId)]).toEqual([count, 'LOCKED'])
        await logIn(api, PASSWORD).expect(401)
        await api.call('post', `/users/${userId}/unlock`).expect(200)
      }
      await logIn(api, PASSWORD).expect(200)
    })
  }, 180_000)

  test('at the change of a password', async () => {
    await withApi({}, async (api) => {
      const userId = await makeUser(api)
      const { token } = (await logIn(api, PASSWORD)).body
      const change = (currentPassword: string) =>
        api
          .call('put', '/me/password', null)
          .set('Authorization', `Bearer ${token}`)
          .send({ currentPassword, newPassword: 'another long password' })
      await together(9, () => change('not the present one'))
      expect(await statusOf(api, userId)).toBe('LOCKED')
      await change(PASSWORD).expect(403)
    })
  }, 180_000)

  test('after a lock that has run out, from one on', async () => {
    await withApi({}, async (api) => {
      const userId = await makeUser(api)
      await together(9, () => logIn(api, 'wrong password!'))
      const past = new Date(Date.now() - 1000)
      await api.database.execute('UPDATE etl_user SET locked_until = :past WHERE user_id = :userId', { past, userId })
      await together(4, () => logIn(api, 'wrong password!'))
      expect(await statusOf(api, userId)).toBe('ACTIVE')
      await logIn(api, 'wrong password!').expect(401)
      expect(await statusOf(api, userId)).toBe('LOCKED')
    })
  }, 180_000)

  test('and one who was made inactive stays inactive', async () => {
    await withApi({}, async (api) => {
      const userId = await makeUser(api)
      await api.database.execute("UPDATE etl_user SET status = 'INACTIVE' WHERE user_id = :userId", { userId })
      for (let failed = 0; failed < 6; failed += 1) await api.deps.users.noteFailedLogin(userId, 5, 15)
      expect(await statusOf(api, userId)).toBe('INACTIVE')
    })
  })
})
