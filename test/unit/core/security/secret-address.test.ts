import { describe, expect, test } from '@jest/globals'
import { sameAddress } from '../../../../core/security/secret-address.js'

const password = ['password']

describe('a secret that is kept', () => {
  test.each([
    ['another database of the server', { url: 'mysql://u@h:1/a' }, { url: 'mysql://u@h:1/b' }, password],
    ['another user', { url: 'mysql://h/a', user: 'u' }, { url: 'mysql://h/a', user: 'v' }, password],
    ['a masked URL', { url: 'mysql://u:word@h/a' }, { url: 'mysql://u:***@h/a' }, password],
    ['a masked parameter', { url: 'mysql://h/a?password=x' }, { url: 'mysql://h/a?password=***' }, password],
    ['another path below a connection', { connection: 'a', url: '/x' }, { connection: 'a', url: '/y' }, ['token']],
    [
      'the address of something else',
      { a: { url: 'https://h' }, b: {} },
      { a: { url: 'https://i' }, b: {} },
      ['b', 'token'],
    ],
  ])('stays for %s', (_title, stored, given, path) => {
    expect(sameAddress(given, stored, path)).toBe(true)
  })

  test.each([
    ['another host', { url: 'mysql://h/a' }, { url: 'mysql://i/a' }, password],
    ['another port', { url: 'mysql://h:1/a' }, { url: 'mysql://h:2/a' }, password],
    ['another scheme', { url: 'https://h/a' }, { url: 'http://h/a' }, password],
    ['a host in the query', { url: 'postgres://h/a' }, { url: 'postgres://h/a?host=i' }, password],
    ['a URL that may be read in two ways', { url: 'https://h/a' }, { url: 'https://i\\@h/a' }, password],
    ['another host that is no URL', { host: 'h' }, { host: 'i' }, password],
    ['another broker', { brokers: ['h:1'], sasl: {} }, { brokers: ['i:1'], sasl: {} }, ['sasl', 'password']],
    ['one broker more', { brokers: ['h:1'], sasl: {} }, { brokers: ['h:1', 'i:1'], sasl: {} }, ['sasl', 'password']],
    ['an endpoint that was none', {}, { endpoint: 'https://i' }, ['secretAccessKey']],
    ['an endpoint that is none any more', { endpoint: 'https://i' }, {}, ['secretAccessKey']],
    ['another token server', { auth: { tokenUrl: 'https://h' } }, { auth: { tokenUrl: 'https://i' } }, ['auth', 'x']],
    ['another connection', { connection: 'a', url: '/x' }, { connection: 'b', url: '/x' }, ['auth', 'token']],
    ['what continues the host', { connection: 'a', url: '/x' }, { connection: 'a', url: '.i/x' }, ['auth', 'token']],
  ])('is not sent to %s', (_title, stored, given, path) => {
    expect(sameAddress(given, stored, path)).toBe(false)
  })
})
