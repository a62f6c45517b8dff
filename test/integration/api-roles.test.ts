/** Every route × every role, read from the route table itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Route } from '../../api/http/route.js'
import { ROUTES } from '../../api/routes.js'
import { includesRole, ROLES, type Role } from '../../core/security/roles.js'
import { type LentApi, withApi } from '../support/api.js'

let api: LentApi
let giveBack: () => void
let lent: Promise<unknown>

beforeAll(async () => {
  await new Promise<void>((ready, failed) => {
    lent = withApi({}, async (made) => {
      api = made
      ready()
      await new Promise<void>((resolve) => {
        giveBack = resolve
      })
    }).catch(failed)
  })
})

afterAll(async () => {
  giveBack?.()
  await lent
})

const guarded = ROUTES.filter((route) => route.access !== 'PUBLIC')
const pathOf = (route: Route) => route.path.replaceAll(/\{\w+\}/g, 'no-such-thing')
const label = (route: Route) => `${route.method.toUpperCase()} ${route.path}`

describe('roles', () => {
  test.each(guarded.map((route) => [label(route), route] as const))('%s asks for a log-in', async (_label, route) => {
    const answer = await api.call(route.method, pathOf(route), null)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(answer.body).toMatchObject({ status: 401, code: 'auth.required' })
  })

  test.each(guarded.flatMap((route) => ROLES.map((role) => [label(route), role, route] as const)))(
    '%s for %s is what the table says',
    async (_label, role: Role, route) => {
      if (route.path === '/auth/logout') return
      const { code } = (await api.call(route.method, pathOf(route), role)).body as { code?: string }
      if (!includesRole(role, route.visibleTo ?? 'USER')) expect(code).toBe('not.found')
      else if (!includesRole(role, route.access as Role)) expect(code).toBe('permission.denied')
      else expect(['permission.denied', 'auth.required']).not.toContain(code)
    },
  )

  test('what changes something is open to no USER but for what concerns themselves', () => {
    const own = ['/auth/logout', '/me/password', '/tokens', '/tokens/{tokenId}']
    const open = guarded.filter((route) => route.audit !== undefined && route.access === 'USER')
    expect(open.map((route) => route.path).sort()).toEqual(own)
  })

  test('every route that is not a GET is audited, but for those that only check', () => {
    const unaudited = ROUTES.filter((route) => route.method !== 'get' && route.audit === undefined)
    expect(unaudited.map((route) => route.path).sort()).toEqual(['/jobs/explain', '/jobs/validate'])
    expect(ROUTES.filter((route) => route.method === 'get' && route.audit !== undefined)).toEqual([])
  })

  test('a smaller role of a token holds, and a larger one is refused', async () => {
    const { body } = await api.call('post', '/tokens', 'DEVELOPER').send({ name: 'reader', role: 'USER' }).expect(201)
    const asReader = await api.call('post', '/jobs', null).set('Authorization', `Bearer ${body.token}`).send({})
    expect(asReader.body).toMatchObject({ status: 403, code: 'permission.denied' })
    await api.call('post', '/tokens', 'DEVELOPER').send({ name: 'root', role: 'ADMIN' }).expect(403)
  })

  test('a token that was revoked or has expired is of no use', async () => {
    const { body } = await api.call('post', '/tokens', 'USER').send({ name: 'short' }).expect(201)
    const me = () => api.call('get', '/me', null).set('Authorization', `Bearer ${body.token}`)
    expect((await me().expect(200)).body).toMatchObject({ username: 'user', role: 'USER' })
    await api.database.execute('UPDATE etl_api_token SET expire_time = :past WHERE token_id = :tokenId', {
      past: new Date(Date.now() - 1000),
      tokenId: body.tokenId,
    })
    await me().expect(401)
    const other = (await api.call('post', '/tokens', 'USER').send({ name: 'other' }).expect(201)).body
    await api.call('delete', `/tokens/${other.tokenId}`, 'DEVELOPER').expect(404)
    await api.call('delete', `/tokens/${other.tokenId}`, 'USER').expect(204)
    await api.call('get', '/me', null).set('Authorization', `Bearer ${other.token}`).expect(401)
  })

  test('only hashes of tokens are stored', async () => {
    const rows = await api.database.query<{ token_hash: string }>('SELECT * FROM etl_api_token')
    const text = JSON.stringify(rows)
    for (const token of Object.values(api.tokens)) expect(text).not.toContain(token)
    expect(rows[0]?.token_hash).toMatch(/^[0-9a-f]{64}$/)
  })
})
