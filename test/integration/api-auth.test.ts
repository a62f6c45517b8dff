/** Log-in, lock-out, passwords, the audit, secrets. */
import { describe, expect, test } from '@jest/globals'
import { hashPassword } from '../../api/auth/password.js'
import { createFirstAdmin } from '../../api/bootstrap.js'
import { type LentApi, withApi } from '../support/api.js'

const PASSWORD = 'correct horse battery'

async function makeUser({ call }: LentApi, username = 'anna') {
  return (await call('post', '/users').send({ username, password: PASSWORD, role: 'DEVELOPER' }).expect(201)).body
}

const logIn = ({ call }: LentApi, username: string, password: string) =>
  call('post', '/auth/login', null).send({ username, password })

describe('log-in', () => {
  test('gives a token that works until it is logged out', async () => {
    await withApi({}, async (api) => {
      await makeUser(api)
      const { body } = await logIn(api, 'anna', PASSWORD).expect(200)
      expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(11 * 3_600_000)
      const as = (path: string) => api.call('get', path, null).set('Authorization', `Bearer ${body.token}`)
      expect((await as('/me').expect(200)).body).toMatchObject({ username: 'anna', role: 'DEVELOPER' })
      await api.call('post', '/auth/logout', null).set('Authorization', `Bearer ${body.token}`).expect(204)
      await as('/me').expect(401)
    })
  })

  test('works twice within a second', async () => {
    await withApi({}, async (api) => {
      const { userId } = await makeUser(api)
      const together = await Promise.all([logIn(api, 'anna', PASSWORD), logIn(api, 'anna', PASSWORD)])
      expect(together.map((answer) => answer.status)).toEqual([200, 200])
      expect(await api.deps.users.noteLogin(userId, '127.0.0.1')).toBe(true)
      expect(await api.deps.users.noteLogin(userId, '127.0.0.1')).toBe(true)
    })
  })

  test('answers a wrong name and a wrong password alike', async () => {
    await withApi({}, async (api) => {
      await makeUser(api)
      const [name, password] = [await logIn(api, 'nobody', PASSWORD), await logIn(api, 'anna', 'wrong password!')]
      expect([name.status, password.status]).toEqual([401, 401])
      expect(name.body).toEqual(password.body)
    })
  })

  test('locks after failures in a row, for the right password too, until an ADMIN unlocks', async () => {
    await withApi({}, async (api) => {
      const { userId } = await makeUser(api)
      for (let failed = 1; failed < 5; failed += 1) await logIn(api, 'anna', 'wrong password!').expect(401)
      await logIn(api, 'anna', 'wrong password!').expect(423)
      expect((await logIn(api, 'anna', PASSWORD).expect(423)).body.code).toBe('auth.locked')
      expect((await api.call('get', `/users/${userId}`).expect(200)).body.status).toBe('LOCKED')
      expect((await api.call('post', `/users/${userId}/unlock`).expect(200)).body.status).toBe('ACTIVE')
      await logIn(api, 'anna', PASSWORD).expect(200)
      await logIn(api, 'anna', 'wrong password!').expect(401)
    })
  })

  test('opens by itself when the lock has run out, and counts anew', async () => {
    await withApi({}, async (api) => {
      const { userId } = await makeUser(api)
      for (let failed = 1; failed <= 5; failed += 1) await logIn(api, 'anna', 'wrong password!')
      const past = new Date(Date.now() - 1000)
      await api.database.execute('UPDATE etl_user SET locked_until = :past WHERE user_id = :userId', { past, userId })
      await logIn(api, 'anna', 'wrong password!').expect(401)
      await logIn(api, 'anna', PASSWORD).expect(200)
    })
  })

  test('is limited by address', async () => {
    await withApi({ limits: { loginsPerMinute: 3 } }, async (api) => {
      for (let tried = 0; tried < 3; tried += 1) await logIn(api, 'nobody', 'x').expect(401)
      const { body } = await logIn(api, 'nobody', 'x').expect(429)
      expect(body).toMatchObject({ status: 429, code: 'rate.limited' })
    })
  })

  test('of an inactive user is refused, and their tokens stop', async () => {
    await withApi({}, async (api) => {
      const { userId, version } = await makeUser(api)
      const { body } = await logIn(api, 'anna', PASSWORD).expect(200)
      await api.call('put', `/users/${userId}`).send({ status: 'INACTIVE', version }).expect(200)
      await api.call('get', '/me', null).set('Authorization', `Bearer ${body.token}`).expect(401)
      await logIn(api, 'anna', PASSWORD).expect(401)
    })
  })
})

describe('passwords', () => {
  test('have 12 characters to 72 bytes, and not the name of their user', async () => {
    await withApi({}, async ({ call }) => {
      for (const password of ['short', 'é'.repeat(37), 'berta-berta-1']) {
        const { body } = await call('post', '/users').send({ username: 'berta', password }).expect(400)
        expect(body.errors[0].pointer).toBe('/password')
      }
    })
  })

  test('are changed with the present one, and end the other tokens', async () => {
    await withApi({}, async (api) => {
      await makeUser(api)
      const first = (await logIn(api, 'anna', PASSWORD)).body.token
      const second = (await logIn(api, 'anna', PASSWORD)).body.token
      const change = (currentPassword: string, newPassword: string) =>
        api
          .call('put', '/me/password', null)
          .set('Authorization', `Bearer ${first}`)
          .send({ currentPassword, newPassword })
      await change('not the present one', 'another long password').expect(403)
      await change(PASSWORD, 'another long password').expect(204)
      await api.call('get', '/me', null).set('Authorization', `Bearer ${first}`).expect(200)
      await api.call('get', '/me', null).set('Authorization', `Bearer ${second}`).expect(401)
      await logIn(api, 'anna', 'another long password').expect(200)
    })
  })

  test('of the first admin are given, or made once', async () => {
    await withApi({}, async ({ deps, database }) => {
      expect(await createFirstAdmin(deps.users, null)).toBeNull()
      await database.execute('DELETE FROM etl_user')
      const made = await createFirstAdmin(deps.users, null)
      expect(made).toMatch(/^[\w-]{24}$/)
      expect(await createFirstAdmin(deps.users, null)).toBeNull()
      await database.execute('DELETE FROM etl_user')
      await expect(createFirstAdmin(deps.users, 'short')).rejects.toMatchObject({ code: 'environment.invalid' })
      expect(await createFirstAdmin(deps.users, 'long enough for it')).toBeNull()
    })
  })

  test('are bcrypt hashes of cost 12', async () => {
    expect(await hashPassword(PASSWORD)).toMatch(/^\$2b\$12\$/)
  })
})

describe('users', () => {
  test('change only from the version that they are at', async () => {
    await withApi({}, async (api) => {
      const { userId } = await makeUser(api)
      const put = (version: number) => api.call('put', `/users/${userId}`).send({ displayName: 'Anna', version })
      expect((await put(1).expect(200)).body).toMatchObject({ displayName: 'Anna', version: 2 })
      expect((await put(1).expect(409)).body.code).toBe('conflict')
      await api.call('delete', `/users/${userId}`).set('If-Match', '"1"').expect(409)
      await api.call('delete', `/users/${userId}`).set('If-Match', '"2"').expect(204)
      await api.call('get', `/users/${userId}`).expect(404)
    })
  })

  test('cannot shut themselves out, and a name is taken once', async () => {
    await withApi({}, async (api) => {
      await makeUser(api)
      await api.call('post', '/users').send({ username: 'anna', password: PASSWORD }).expect(409)
      await api.call('delete', `/users/${api.users.ADMIN}`).expect(409)
      await api.call('put', `/users/${api.users.ADMIN}`).send({ role: 'USER', version: 1 }).expect(409)
      await api.call('put', `/users/${api.users.USER}`).send({ role: 'DEVELOPER' }).expect(400)
    })
  })

  test('are listed page by page', async () => {
    await withApi({}, async ({ call }) => {
      const first = (await call('get', '/users?limit=2').expect(200)).body
      const second = (await call('get', `/users?limit=2&cursor=${first.nextCursor}`).expect(200)).body
      const names = [...first.items, ...second.items].map((one: { username: string }) => one.username)
      expect(names.sort()).toEqual(['admin', 'developer', 'user'])
      expect(second.nextCursor).toBeNull()
    })
  })
})
