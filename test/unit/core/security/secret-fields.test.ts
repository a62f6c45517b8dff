import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MASK, mapSecrets, maskText, redact, redactGiven } from '../../../../core/security/secret-fields.js'

describe('secrets in a value', () => {
  test('are found by schema, whatever their key is called', () => {
    const schema = {
      properties: {
        pin: { secret: true },
        list: { items: { anyOf: [{ properties: { word: { secret: true } } }, { properties: {} }] } },
        more: { additionalProperties: { secret: true } },
      },
    }
    const value = { pin: '1234', name: 'x', list: [{ word: 'w', kind: 'k' }], more: { any: 'thing' } }
    expect(redact(value, schema)).toEqual({
      pin: MASK,
      name: 'x',
      list: [{ word: MASK, kind: 'k' }],
      more: { any: MASK },
    })
  })

  test.each([
    'password',
    'userPassword',
    'PASSWD',
    'secret',
    'clientSecret',
    'token',
    'accessToken',
    'access_token',
    'apiKey',
    'api-key',
    'Authorization',
    'cookie',
    'privateKey',
    'passphrase',
    'credentials',
  ])('are found by the key name %s, in text, numbers and lists', (name) => {
    expect(redact({ [name]: 'word' })).toEqual({ [name]: MASK })
    expect(redact({ [name]: 42 })).toEqual({ [name]: MASK })
    expect(redact({ deep: [{ [name]: ['word'] }] })).toEqual({ deep: [{ [name]: [MASK] }] })
  })

  test.each(['name', 'key', 'tokenise', 'path', 'author', 'primaryKey'])('are not seen in the key name %s', (name) => {
    expect(redact({ [name]: 'word' })).toEqual({ [name]: 'word' })
  })

  test('are found in URLs, of which the rest stays', () => {
    expect(redact({ url: 'mysql://reader:p%40ss@host:3306/db?ssl=true' })).toEqual({
      url: 'mysql://reader:***@host:3306/db?ssl=true',
    })
    expect(redact({ url: 'mysql://reader@host/db', at: 'mail@host' })).toEqual({
      url: 'mysql://reader@host/db',
      at: 'mail@host',
    })
  })

  test.each([
    ['mysql://h/db?user=a&password=word&ssl=1', 'mysql://h/db?user=a&password=***&ssl=1'],
    ['https://h/v1?api_key=word#top', 'https://h/v1?api_key=***#top'],
    ['/orders?page=2&apikey=word', '/orders?page=2&apikey=***'],
    ['https://h/f?X-Amz-Signature=word&sig=word&X-Amz-Date=1', 'https://h/f?X-Amz-Signature=***&sig=***&X-Amz-Date=1'],
    ['https://u:word@h/?accessToken=word', 'https://u:***@h/?accessToken=***'],
    ['jdbc:sqlserver://h;user=a;password=word', 'jdbc:sqlserver://h;user=a;password=***'],
  ])('are found in parameters of %s', (url, shown) => {
    expect(redact({ url })).toEqual({ url: shown })
    expect(redact({ url: shown })).toEqual({ url: shown })
  })

  test.each(['https://h/?keyword=a&passage=b&designation=c', 'is it a?', 'https://h/?token=${secret:SHOP}'])(
    'are not seen in %s',
    (url) => {
      expect(redact({ url })).toEqual({ url })
    },
  )

  test('are found where a schema says that keys are headers, or parameters', () => {
    const schema = { properties: { headers: { secretIn: 'HEADERS' }, query: { secretIn: 'QUERY' } } }
    const value = { headers: { 'X-Foo': 'word', ACCEPT: 'text/csv' }, query: { key: ['word'], sig: 7, page: 7 } }
    expect(redact(value, schema)).toEqual({
      headers: { 'X-Foo': MASK, ACCEPT: 'text/csv' },
      query: { key: [MASK], sig: MASK, page: 7 },
    })
  })

  test('leave references as they are: a name is no secret', () => {
    const value = {
      password: '${secret:SHOP}',
      token: '${env:ETL_VAR_TOKEN}',
      url: 'mysql://${env:ETL_VAR_USER}:${secret:SHOP}@host/db',
      headers: { Authorization: 'Bearer ${secret:SHOP}' },
    }
    expect(redact(value)).toEqual(value)
    expect(redact({ url: 'mysql://u:word${secret:SHOP}@host/db' })).toEqual({ url: 'mysql://u:***@host/db' })
  })

  test('are told with their place', () => {
    const places: string[] = []
    mapSecrets({ a: [{ 'x/y~z': { password: 'p' } }] }, null, (_secret, pointer) => places.push(pointer))
    expect(places).toEqual(['/a/0/x~1y~0z/password'])
  })

  test('never stand in what is redacted, and redacting again changes nothing', () => {
    const word = fc.stringMatching(/^[a-z0-9]{8,20}$/)
    fc.assert(
      fc.property(word, fc.constantFrom('password', 'token', 'secret'), (secret, name) => {
        const value = { [name]: secret, url: `jdbc://u:${secret}@h/d`, deep: { list: [{ [name]: secret }] } }
        const once = redact(value)
        expect(JSON.stringify(once)).not.toContain(secret)
        expect(redact(once)).toEqual(once)
      }),
    )
  })

  test('masked as a URL keep its form', () => {
    expect(maskText('word')).toBe(MASK)
    expect(maskText('postgres://a:b@h/d')).toBe('postgres://a:***@h/d')
  })
})

test('what a caller gave is masked also where a URL lacks its scheme', () => {
  const given = { url: 'etl:word@host/db', list: ['etl:word@[::1]:3306'], text: 'at 10:30 ask anna@example', n: 1 }
  expect(redactGiven(given)).toEqual({
    url: `etl:${MASK}@host/db`,
    list: [`etl:${MASK}@[::1]:3306`],
    text: 'at 10:30 ask anna@example',
    n: 1,
  })
})
