import { expect, test } from '@jest/globals'
import { readRoleRules, roleFromClaim } from '../../../../core/security/oidc-roles.js'
import { readOidc } from '../../../../process/oidc-environment.js'

test('the largest role of somebody’s groups counts, and a group that nobody named none', () => {
  const rules = readRoleRules('cn=ops,dc=x=ADMIN') ?? []
  expect(rules).toEqual([])
  const known = readRoleRules('a=b=ADMIN, team=DEVELOPER,readers=USER') ?? []
  expect(roleFromClaim(['readers', 'team'], known)).toBe('DEVELOPER')
  expect(roleFromClaim('readers a=b', known)).toBe('ADMIN')
  expect(roleFromClaim(['Team', 'ADMIN'], known)).toBeNull()
  for (const claim of [undefined, null, {}, 7, []]) expect(roleFromClaim(claim, known)).toBeNull()
  expect(roleFromClaim(undefined, readRoleRules('*=USER, team=ADMIN') ?? [])).toBe('USER')
})

test('rules that cannot be read are none', () => {
  for (const text of ['', 'team', 'team=', '=ADMIN', 'team=admin', 'team=ADMIN,x'])
    expect(readRoleRules(text)).toBeNull()
})

test('what is missing or unsafe is named, all at once', () => {
  const problems: string[] = []
  expect(readOidc({}, problems)).toBeNull()
  expect(problems).toEqual([])
  readOidc({ ETL_OIDC_ISSUER: 'http://login.example', ETL_OIDC_ROLES: 'nonsense' }, problems)
  expect(problems.join('; ')).toMatch(/CLIENT_ID is not set/)
  expect(problems.join('; ')).toMatch(/REDIRECT_URL is not set/)
  expect(problems.join('; ')).toMatch(/ISSUER must be an https/)
  expect(problems.join('; ')).toMatch(/ROLES must look like/)
})
