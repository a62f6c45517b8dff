import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isPublic, reachOf } from '../../../network/addresses.js'

describe('addresses', () => {
  test.each([
    '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.0.9', '169.254.169.254', '172.16.0.1', '172.31.255.255',
    '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.1', '203.0.113.5', '224.0.0.1', '255.255.255.255',
    '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12:3456::1', 'ff02::1', '2001:db8::1', '2001::1', '3fff::1', '100::1',
    '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a00:1', '::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '2002:7f00:1::', '2002:c0a8:101::1',
  ])('%s is not public', (address) => expect(isPublic(address)).toBe(false)) // biome-ignore format: one line says enough

  test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'])(
    '%s is public', (address) => expect(isPublic(address)).toBe(true)) // biome-ignore format: one line says enough

  test('an IPv4 address is judged alike however IPv6 carries it', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
        const dotted = bytes.join('.')
        const [high, low] = [(bytes[0] << 8) | bytes[1], (bytes[2] << 8) | bytes[3]].map((group) => group.toString(16))
        const carried = [`::ffff:${dotted}`, `64:ff9b::${dotted}`, `2002:${high}:${low}::`, `::ffff:${high}:${low}`]
        expect(carried.map(isPublic)).toEqual(carried.map(() => isPublic(dotted)))
      }),
    )
  })
})

describe('who may be reached', () => {
  test('is public, or named: by host, by address, by range', () => {
    const reach = reachOf(['10.0.0.0/8', 'Files.Corp.Example', '192.168.1.7', 'fd00::/8', '[::1]'])
    expect(reach.allows('x', '10.9.9.9')).toBe(true)
    expect(reach.allows('x', '::ffff:10.9.9.9')).toBe(true)
    expect(reach.allows('files.corp.example', '172.16.0.1')).toBe(true)
    expect(reach.allows('files.corp.example.', '172.16.0.1')).toBe(true)
    expect(reach.allows('x', '192.168.1.7')).toBe(true)
    expect(reach.allows('x', 'fd12::1')).toBe(true)
    expect(reach.allows('x', '::1')).toBe(true)
    expect(reach.allows('x', '8.8.8.8')).toBe(true)
    expect(reach.allows('x', '192.168.1.8')).toBe(false)
    expect(reach.allows('other.corp.example', '172.16.0.1')).toBe(false)
  })

  test('is anybody without a server, and only what is public where nothing is said', () => {
    expect(reachOf(null).allows('x', '127.0.0.1')).toBe(true)
    expect(reachOf(undefined).allows('x', '127.0.0.1')).toBe(false)
  })

  test('is told by a list that is well formed', () => {
    expect(() => reachOf(['10.0.0.0/99'])).toThrow(expect.objectContaining({ code: 'environment.invalid' }))
  })
})
