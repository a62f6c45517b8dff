/** Log-in, lock-out, passwords, the audit, secrets. */
import { describe, expect, test } from '@jest/globals'
import type request from 'supertest'
import { verifyPassword as compare, hashPassword } from '../../api/auth/password.js'
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

  test('answers an unknown name, a wrong password, a locked and an inactive account alike, each after one comparison', async () => {
    let compared = 0
    const verifyPassword: typeof compare = (password, stored) => {
      compared += 1
      return compare(password, stored)
    }
    await withApi({ verifyPassword }, async (api) => {
      for (const name of ['anna', 'locked', 'inactive']) await makeUser(api, name)
      const set = async (name: string, change: string) =>
        await api.database.execute(`UPDATE etl_user SET ${change} WHERE username = '${name}'`)
      await set('locked', "status = 'LOCKED', locked_until = '2199-01-01'")
      await set('inactive', "status = 'INACTIVE'")
      const refusals: request.Response[] = []
      for (const [name, password] of [
        ['nobody', PASSWORD],
        ['anna', 'wrong password!'],
        ['locked', PASSWORD],
        ['locked', 'wrong password!'],
        ['inactive', PASSWORD],
      ] as const) {
        compared = 0
        refusals.push(await logIn(api, name, password).expect(401))
        expect({ name, compared }).toEqual({ name, compared: 1 })
      }
      const { date: _date, ratelimit: _r, ...headers } = refusals[0]?.headers ?? {}
      for (const { headers: own, text } of refusals) {
        expect(text).toBe(refusals[0]?.text)
        expect(own).toMatchObject(headers)
        expect(Object.keys(own)).toEqual(Object.keys(refusals[0]?.headers ?? {}))
      }
    })
  })

  test('locks after failures in a row, for the right password too, until an ADMIN unlocks', async () => {
    await withApi({}, async (api) => {
      const { userId } = await makeUser(api)
      const { token } = (await logIn(api, 'anna', PASSWORD)).body
      for (let failed = 1; failed <= 5; failed += 1) await logIn(api, 'anna', 'wrong password!').expect(401)
      await logIn(api, 'anna', PASSWORD).expect(401)
      expect((await api.call('get', `/users/${userId}`).expect(200)).body.status).toBe('LOCKED')
      // Whoever guesses at a password does not end what runs with a token.
      await api.call('get', '/me', null).set('Authorization', `Bearer ${token}`).expect(200)
      expect((await api.call('post', `/users/${userId}/unlock`).expect(200)).body.status).toBe('ACTIVE')
      await logIn(api, 'anna', PASSWORD).expect(200)
      await logIn(api, 'anna', 'wrong password!').expect(401)
    })
  })

  test('is remembered with its time and address', async () => {
    await withApi({}, async (api) => {
      const { userId, lastLoginAt } = await makeUser(api)
      expect(lastLoginAt).toBeNull()
      await logIn(api, 'anna', PASSWORD).set('User-Agent', 'a browser').expect(200)
      const { body } = await api.call('get', `/users/${userId}`)
      expect(Date.now() - Date.parse(body.lastLoginAt)).toBeLessThan(60_000)
      expect(body.lastLoginAddress).toMatch(/127\.0\.0\.1$/)
      const { items } = (await api.call('get', `/tokens?userId=${userId}&type=SESSION`)).body
      expect(items).toMatchObject([{ userId, type: 'SESSION', userAgent: 'a browser' }])
      expect(items[0].address).toMatch(/127\.0\.0\.1$/)
    })
  })

  test('opens by itself when the lock has run out, and counts anew', async () => {
    await withApi({}, async (api) => {
      const { userId } = await makeUser(api)
      for (let failed = 1; failed <= 5; failed += 1) await logIn(api, 'anna', 'wrong password!')
      const past = new Date(Date.now() - 1000)
      await api.database.execute('UPDATE etl_user SET locked_until = :past WHERE user_id = :userId', { past, userId })
      expect((await api.call('get', `/users/${userId}`)).body.status).toBe('ACTIVE')
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

  test('is limited by name, whether there is such a user or not', async () => {
    await withApi({ limits: { loginsPerMinuteOfUser: 2 } }, async (api) => {
      await makeUser(api)
      for (const name of ['anna', 'nobody']) {
        for (let tried = 0; tried < 2; tried += 1) await logIn(api, name, 'x').expect(401)
        expect((await logIn(api, name, PASSWORD).expect(429)).body.code).toBe('rate.limited')
      }
      await logIn(api, 'berta', 'x').expect(401)
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
      for (const password of ['short', 'é'.repeat(37), 'berta-berta-1', 'Password2026!', 'berta']) {
        const { body } = await call('post', '/users').send({ username: 'berta', password }).expect(400)
        expect(body.errors[0].pointer).toBe('/password')
      }
    })
  })

  test('are as long as the setting says', async () => {
    await withApi({}, async ({ call }) => {
      await call('post', '/users').send({ username: 'berta', password: 'nine char' }).expect(400)
      await call('put', '/system-configs/security.password_min_length').send({ value: 9, version: 1 }).expect(200)
      await call('post', '/users').send({ username: 'berta', password: 'nine char' }).expect(201)
      await call('put', '/system-configs/security.password_min_length').send({ value: 4, version: 2 }).expect(422)
    })
  })

  test('cannot be guessed at by whoever has a session', async () => {
    await withApi({}, async (api) => {
      await makeUser(api)
      const { token } = (await logIn(api, 'anna', PASSWORD)).body
      const change = (currentPassword: string) =>
        api
          .call('put', '/me/password', null)
          .set('Authorization', `Bearer ${token}`)
          .send({ currentPassword, newPassword: 'another long password' })
      for (let failed = 1; failed <= 5; failed += 1) await change('not the present one').expect(403)
      await change(PASSWORD).expect(403)
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

  test('have names of which no two differ only in case, made at once included', async () => {
    await withApi({}, async (api) => {
      const make = (username: string) => api.call('post', '/users').send({ username, password: PASSWORD })
      expect((await make('ADMIN').expect(409)).body.errors[0].pointer).toBe('/username')
      const made = await Promise.all(['Berta', 'berta', 'BERTA', 'bertA'].map((name) => make(name)))
      expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
      // At the log-in a name is what it was made as.
      await makeUser(api, 'Carla')
      await logIn(api, 'carla', PASSWORD).expect(401)
      await logIn(api, 'Carla', PASSWORD).expect(200)
    })
  })

  test('always have an ADMIN who may log in, two who demote each other at once included', async () => {
    await withApi({}, async (api) => {
      const { body: other } = await api
        .call('post', '/users')
        .send({ username: 'other', password: PASSWORD, role: 'ADMIN' })
        .expect(201)
      const { token } = (await logIn(api, 'other', PASSWORD)).body
      const asOther = (method: 'put' | 'delete', path: string) =>
        api.call(method, path, null).set('Authorization', `Bearer ${token}`)
      const lock = async (status: string, until: string) =>
        await api.database.execute(
          `UPDATE etl_user SET status = '${status}', locked_until = ${until} WHERE username = 'other'`,
        )
      // One who is locked does not count.
      await lock('LOCKED', "'2199-01-01'")
      for (const change of [{ role: 'USER' }, { status: 'INACTIVE' }])
        expect(
          (
            await asOther('put', `/users/${api.users.ADMIN}`)
              .send({ ...change, version: 1 })
              .expect(409)
          ).body.detail,
        ).toMatch(/last ADMIN/)
      await asOther('delete', `/users/${api.users.ADMIN}`).expect(409)
      await lock('ACTIVE', 'NULL')
      const both = await Promise.all([
        asOther('put', `/users/${api.users.ADMIN}`).send({ role: 'USER', version: 1 }),
        api.call('put', `/users/${other.userId}`).send({ status: 'INACTIVE', version: 1 }),
      ])
      expect(both.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
      const [left] = await api.database.query<{ n: string }>(
        "SELECT COUNT(*) AS n FROM etl_user WHERE role = 'ADMIN' AND status = 'ACTIVE'",
      )
      expect(Number(left?.n)).toBe(1)
    })
  })

  test('are found by name and by role', async () => {
    await withApi({}, async ({ call }) => {
      const names = async (query: string) =>
        (await call('get', `/users?${query}`)).body.items.map((one: { username: string }) => one.username)
      expect(await names('username=developer')).toEqual(['developer'])
      expect(await names('role=ADMIN')).toEqual(['admin'])
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

describe('tokens', () => {
  test('may be without an end, and are never shown again', async () => {
    await withApi({}, async (api) => {
      await makeUser(api)
      const { token } = (await logIn(api, 'anna', PASSWORD)).body
      const asAnna = (method: 'get' | 'post', path: string) =>
        api.call(method, path, null).set('Authorization', `Bearer ${token}`)
      const { body } = await asAnna('post', '/tokens').send({ name: 'for good', expiresInDays: null }).expect(201)
      expect(body.expiresAt).toBeNull()
      await api.call('get', '/me', null).set('Authorization', `Bearer ${body.token}`).expect(200)
      const listed = await asAnna('get', '/tokens').expect(200)
      expect(listed.body.items).toHaveLength(2)
      expect(listed.text).not.toContain(body.token)
      expect(listed.body.items[0]).toMatchObject({ name: 'for good', expiresAt: null, type: 'API' })
    })
  })

  test('of others are seen and revoked by an ADMIN alone', async () => {
    await withApi({}, async (api) => {
      const { body } = await api.call('post', '/tokens', 'USER').send({ name: 'mine' }).expect(201)
      for (const query of ['userId=all', `userId=${api.users.ADMIN}`])
        await api.call('get', `/tokens?${query}`, 'DEVELOPER').expect(403)
      await api.call('get', `/tokens?userId=${api.users.DEVELOPER}`, 'DEVELOPER').expect(200)
      const { items } = (await api.call('get', '/tokens?userId=all').expect(200)).body
      expect(items.map((one: { userId: string }) => one.userId)).toContain(api.users.USER)
      await api.call('delete', `/tokens/${body.tokenId}`, 'DEVELOPER').expect(404)
      await api.call('delete', `/tokens/${body.tokenId}`).expect(204)
      await api.call('get', '/me', null).set('Authorization', `Bearer ${body.token}`).expect(401)
    })
  })

  test('of a user who is inactive fail at once, however they became so', async () => {
    await withApi({}, async (api) => {
      await api.call('get', '/me', 'USER').expect(200)
      await api.database.execute("UPDATE etl_user SET status = 'INACTIVE' WHERE username = 'user'")
      await api.call('get', '/me', 'USER').expect(401)
    })
  })

  test('that end make none that ends later', async () => {
    await withApi({}, async (api) => {
      const make = async (token: string, expiresInDays: number | null) =>
        (
          await api
            .call('post', '/tokens', null)
            .set('Authorization', `Bearer ${token}`)
            .send({ name: 'child', expiresInDays })
            .expect(201)
        ).body
      await makeUser(api)
      const login = (await logIn(api, 'anna', PASSWORD)).body.token
      const day = await make(login, 1)
      for (const wished of [null, 366, 2]) {
        const child = await make(day.token, wished)
        expect(child.expiresAt).toBe(day.expiresAt)
        expect((await make(child.token, null)).expiresAt).toBe(day.expiresAt)
      }
      const year = await make(login, 366)
      const shorter = await make(year.token, 1)
      expect(Date.parse(shorter.expiresAt)).toBeLessThan(Date.parse(year.expiresAt))
    })
  })

  test('that are smaller than their user make no larger one', async () => {
    await withApi({}, async (api) => {
      const small = (await api.call('post', '/tokens').send({ name: 'small', role: 'USER' })).body.token
      const asSmall = (body: object) =>
        api.call('post', '/tokens', null).set('Authorization', `Bearer ${small}`).send(body)
      await asSmall({ name: 'larger', role: 'DEVELOPER' }).expect(403)
      const { body } = await asSmall({ name: 'as large' }).expect(201)
      const me = await api.call('get', '/users', null).set('Authorization', `Bearer ${body.token}`)
      expect(me.status).toBe(404)
    })
  })
})
