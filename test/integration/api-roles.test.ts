/** Every route × every role, read from the route table itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ACCESS, guarded as guard } from '../../api/access.js'
import type { GuardedRoute } from '../../api/http/route.js'
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
const pathOf = (route: GuardedRoute) => route.path.replaceAll(/\{\w+\}/g, 'no-such-thing')
const label = (route: GuardedRoute) => `${route.method.toUpperCase()} ${route.path}`

/** What everybody gets of every route: who is nobody, what they do not see, what they may not do. */
function expected({ access, visibleTo }: GuardedRoute, role: Role | null): 401 | 404 | 403 | 'GOES_ON' {
  if (access === 'PUBLIC' || visibleTo === 'PUBLIC') return 'GOES_ON'
  if (role === null) return 401
  if (!includesRole(role, visibleTo)) return 404
  return includesRole(role, access) ? 'GOES_ON' : 403
}

const ruleOf = ({ access, visibleTo }: GuardedRoute) => ({ access, visibleTo })
const CODE = { 401: 'auth.required', 403: 'permission.denied', 404: 'not.found' } as const

describe('roles', () => {
  test.each(
    ROUTES.flatMap((route) => [null, ...ROLES].map((role) => [label(route), role ?? 'nobody', role, route] as const)),
  )('%s for %s is what the table says', async (_label, _who, role, route) => {
    if (route.path === '/auth/logout' && role !== null) return
    const answer = await api.call(route.method, pathOf(route), role)
    const { code, detail } = answer.body as { code?: string; detail?: string }
    const wanted = expected(route, role)
    if (wanted === 'GOES_ON') {
      // Temporal is away here: 503.
      expect(answer.status).not.toBe(500)
      // A log-in without a name is refused for what it is.
      if (route.access !== 'PUBLIC') expect([401, 403]).not.toContain(answer.status)
      return
    }
    expect({ status: answer.status, code }).toEqual({ status: wanted, code: CODE[wanted] })
    if (wanted === 401) expect(answer.headers['www-authenticate']).toBe('Bearer')
    if (wanted === 404) expect(detail).toBe('There is no such thing')
  })

  test('the table has a row for every route, and none besides', () => {
    expect(Object.keys(ACCESS).sort()).toEqual(ROUTES.map(label).sort())
    const stranger = { ...(ROUTES[0] as GuardedRoute), path: '/not/in/the/table' }
    expect(() => guard(stranger)).toThrow(/does not say who may/)
  })

  test('the table says what SURFACES says', () => {
    const house = /^\/(users|system-configs|secrets|keys|operation-logs|maintenance)\b/
    for (const route of ROUTES) {
      if (house.test(route.path))
        expect({ route: label(route), ...ruleOf(route) }).toMatchObject({ access: 'ADMIN', visibleTo: 'ADMIN' })
      else if (route.method === 'get') expect(['PUBLIC', 'USER', 'ADMIN']).toContain(route.access)
    }
    const open = ROUTES.filter(({ access }) => access === 'PUBLIC').map(label)
    expect(open.sort()).toEqual([
      'GET /auth/oidc',
      'GET /auth/oidc/callback',
      'GET /openapi.json',
      'GET /schemas/{name}',
      'POST /auth/login',
    ])
  })

  test('what changes something is open to no USER but for what concerns themselves', () => {
    const own = ['/auth/logout', '/me/password', '/tokens', '/tokens/{tokenId}']
    const open = guarded.filter((route) => route.audit !== undefined && route.access === 'USER')
    expect(open.map((route) => route.path).sort()).toEqual(own)
  })

  test('every route that is not a GET is audited, but for those that only check', () => {
    const unaudited = ROUTES.filter((route) => route.method !== 'get' && route.audit === undefined)
    expect(unaudited.map((route) => route.path).sort()).toEqual(['/jobs/explain', '/jobs/validate'])
    const read = ROUTES.filter((route) => route.method === 'get' && route.audit !== undefined)
    expect(read.map((route) => route.path)).toEqual(['/auth/oidc/callback'])
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
