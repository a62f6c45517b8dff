/** Log-in through an OpenID Connect provider: a real one, in this process. */
import { describe, expect, test } from '@jest/globals'
import { OIDC_PLACE } from '../../api/auth/oidc.js'
import { createCipher } from '../../models/encryption.js'
import { type LentApi, withApi } from '../support/api.js'
import { type LentProvider, withProvider } from '../support/oidc-provider.js'

async function withBoth(run: (api: LentApi, provider: LentProvider) => Promise<void>): Promise<void> {
  await withProvider(async (provider) => {
    await withApi({ oidc: provider.settings }, (api) => run(api, provider))
  })
}

async function begin({ call }: LentApi) {
  const answer = await call('get', '/auth/oidc', null).expect(302)
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  return { url: String(answer.headers.location), cookie, full: String(answer.headers['set-cookie']) }
}

const come = ({ call }: LentApi, back: URL, cookie: string) =>
  call('get', `/auth/oidc/callback${back.search}`, null).set('Cookie', cookie)

async function logIn(api: LentApi, provider: LentProvider, name: string) {
  const { url, cookie } = await begin(api)
  return await come(api, await provider.logIn(url, name), cookie)
}

describe('a log-in at the provider', () => {
  test('makes the user, with the largest role of their groups, and ends in a token as every log-in', async () => {
    await withBoth(async (api, provider) => {
      provider.people.set('anna', { roles: ['readers', 'etl-team', 'others'], name: 'Anna', email: 'anna@example.org' })
      const { body, headers } = await logIn(api, provider, 'anna')
      expect(body).toMatchObject({ username: 'anna', role: 'DEVELOPER' })
      expect(String(headers['set-cookie'])).toMatch(/^etl_oidc=;.*Max-Age=0/)
      const me = await api.call('get', '/me', null).set('Authorization', `Bearer ${body.token}`).expect(200)
      expect(me.body).toMatchObject({
        authType: 'OIDC',
        displayName: 'Anna',
        email: 'anna@example.org',
        role: 'DEVELOPER',
      })
      expect(me.body.lastLoginAt).not.toBeNull()
      const password = await api
        .call('post', '/auth/login', null)
        .send({ username: 'anna', password: 'any password at all' })
      expect(password.status).toBe(401)
      for (const path of ['/me/password'])
        await api
          .call('put', path, null)
          .set('Authorization', `Bearer ${body.token}`)
          .send({ currentPassword: 'any', newPassword: 'another long password' })
          .expect(409)
    })
  })

  test('again is the same user, by subject and not by name, with the role that they have there now', async () => {
    await withBoth(async (api, provider) => {
      provider.people.set('anna', { roles: 'etl-admins' })
      const first = (await logIn(api, provider, 'anna')).body
      provider.people.set('anna', { roles: ['readers'], preferred_username: 'anna-married' })
      const second = (await logIn(api, provider, 'anna')).body
      expect(second).toMatchObject({ username: 'anna', role: 'USER' })
      const me = await api.call('get', '/me', null).set('Authorization', `Bearer ${first.token}`).expect(200)
      expect(me.body.role).toBe('USER')
      provider.people.set('berta', { roles: ['readers'], preferred_username: 'anna' })
      expect((await logIn(api, provider, 'berta')).status).toBe(409)
    })
  })

  test('takes no user of a password over, lets nobody in without a role, and nobody who is inactive', async () => {
    await withBoth(async (api, provider) => {
      provider.people.set('admin', { roles: 'etl-admins' })
      expect((await logIn(api, provider, 'admin')).body).toMatchObject({ status: 409, code: 'conflict' })
      provider.people.set('carl', { roles: ['etl-admins-of-others'] })
      expect((await logIn(api, provider, 'carl')).body).toMatchObject({ status: 403, code: 'permission.denied' })
      expect((await api.call('get', '/users?username=carl')).body.items).toEqual([])
      provider.people.set('dora', { roles: 'readers' })
      await logIn(api, provider, 'dora')
      const [dora] = (await api.call('get', '/users?username=dora')).body.items
      await api.call('put', `/users/${dora.userId}`).send({ status: 'INACTIVE', version: dora.version }).expect(200)
      expect((await logIn(api, provider, 'dora')).status).toBe(401)
    })
  })

  test('counts only in the browser that began it, with its state, nonce and code, and in time', async () => {
    await withBoth(async (api, provider) => {
      provider.people.set('anna', { roles: 'readers' })
      const { url, cookie, full } = await begin(api)
      expect(full).toMatch(/HttpOnly; SameSite=Lax/)
      expect(new URL(url).searchParams.get('code_challenge_method')).toBe('S256')
      const back = async () => await provider.logIn((await begin(api)).url, 'anna')
      await come(api, await back(), '').expect(401)
      await come(api, await back(), 'etl_oidc=v1.none').expect(401)
      // Of another log-in: another state.
      await come(api, await back(), cookie).expect(401)
      const cipher = createCipher(api.secretKey)
      const changed = async (change: object) => {
        const own = await begin(api)
        const expected = JSON.parse(cipher.decrypt(own.cookie.slice('etl_oidc='.length), OIDC_PLACE))
        const other = cipher.encrypt(JSON.stringify({ ...expected, ...change }), OIDC_PLACE)
        return await come(api, await provider.logIn(own.url, 'anna'), `etl_oidc=${other}`)
      }
      expect((await changed({})).status).toBe(200)
      expect((await changed({ nonce: 'n'.repeat(43) })).status).toBe(401)
      expect((await changed({ verifier: 'v'.repeat(43) })).status).toBe(401)
      expect((await changed({ until: Date.now() - 1 })).status).toBe(401)
      // A code is good for once.
      const again = await begin(api)
      const used = await provider.logIn(again.url, 'anna')
      await come(api, used, again.cookie).expect(200)
      await come(api, used, again.cookie).expect(401)
    })
  }, 60_000)

  test('is in the audit, whether it succeeded or not, without code and state', async () => {
    await withBoth(async (api, provider) => {
      provider.people.set('anna', { roles: 'readers' })
      const { url, cookie } = await begin(api)
      const back = await provider.logIn(url, 'anna')
      await come(api, back, '').expect(401)
      await come(api, back, cookie).expect(200)
      const { items } = (await api.call('get', '/operation-logs?operationType=LOGIN')).body
      expect(items).toMatchObject([
        { operationStatus: 'SUCCESS', username: 'anna' },
        { operationStatus: 'FAILED', responseStatus: 401 },
      ])
      const everything = JSON.stringify([
        items,
        api.logged,
        await api.database.query('SELECT * FROM etl_operation_log'),
      ])
      for (const name of ['code', 'state']) expect(everything).not.toContain(back.searchParams.get(name))
      expect(everything).not.toContain('word-of-the-client')
    })
  })
})

test('without a provider there is no such log-in, and one that is away is said to be', async () => {
  await withApi({}, async (api) => {
    await api.call('get', '/auth/oidc', null).expect(404)
    await api.call('get', '/auth/oidc/callback?code=x&state=y', null).expect(404)
  })
  await withProvider(async ({ settings }) => {
    await withApi({ oidc: { ...settings, issuer: 'http://127.0.0.1:9' } }, async (api) => {
      expect((await api.call('get', '/auth/oidc', null).expect(503)).body.code).toBe('connection.refused')
    })
  })
})
