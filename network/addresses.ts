import { BlockList, isIP, isIPv4 } from 'node:net'
import { JobError } from '../core/errors/job-error.js'

/** Who may be asked besides public hosts. */
export interface Reach {
  /** An address that a host stands for, by this name. */
  allows(host: string, address: string): boolean
}

/** `null`: anybody. Throws `environment.invalid` for an entry that is neither a host nor a range. */
export function reachOf(privateHosts: readonly string[] | null | undefined): Reach {
  if (privateHosts === null) return { allows: () => true }
  const names = new Set<string>()
  const ranges = new BlockList()
  for (const entry of privateHosts ?? []) {
    const bare = bareHost(entry).toLowerCase()
    const [address = '', bits] = bare.split('/')
    if (isIP(address) === 0) names.add(bare)
    else if (bits === undefined) ranges.addAddress(address, familyOf(address))
    else addRange(ranges, address, bits, entry)
  }
  return {
    allows(host, given) {
      if (names.has(bareHost(host).toLowerCase().replace(/\.$/, ''))) return true
      const address = withoutZone(given)
      const inner = embedded(address)
      const all = inner === null ? [address] : [address, inner]
      return all.some((one) => ranges.check(one, familyOf(one))) || isPublic(address)
    },
  }
}

/** `[::1]` as it stands in URLs. */
export const bareHost = (host: string): string => host.replace(/^\[|\]$/g, '')

/** Of no special purpose (IANA's registries), so that it may lie anywhere in the world. */
export function isPublic(given: string): boolean {
  const address = withoutZone(given)
  if (isIPv4(address)) return !special4.check(address)
  const inner = embedded(address)
  if (inner !== null) return isPublic(inner)
  return global6.check(address, 'ipv6') && !special6.check(address, 'ipv6')
}

/** Behind `%` stands the interface that a link-local address is of. */
const withoutZone = (address: string) => address.split('%', 1)[0]!

/** The IPv4 address within one of IPv6: mapped, compatible, translated (NAT64) or tunnelled (6to4). */
function embedded(address: string): string | null {
  if (isIP(address) !== 6) return null
  const groups = groupsOf(address)
  const [a, b, c] = groups
  const zeros = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  const at = (index: number) =>
    [groups[index]! >> 8, groups[index]! & 255, groups[index + 1]! >> 8, groups[index + 1]! & 255].join('.')
  if (zeros(0, 5) && (groups[5] === 0xffff || groups[5] === 0)) return at(6)
  if (a === 0x64 && b === 0xff9b && c === 0 && zeros(3, 6)) return at(6)
  return a === 0x2002 ? at(1) : null
}

/** Eight numbers of 16 bits, whichever way the address is written. */
function groupsOf(address: string): readonly number[] {
  const plain = bareHost(new URL(`http://[${address}]`).hostname)
  const [head = '', tail] = plain.split('::')
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, behind] = [parse(head), parse(tail ?? '')]
  return [...before, ...Array.from({ length: 8 - before.length - behind.length }, () => 0), ...behind]
}

function addRange(ranges: BlockList, address: string, bits: string, entry: string): void {
  try {
    ranges.addSubnet(address, Number(bits), familyOf(address))
  } catch (cause) {
    throw new JobError('environment.invalid', `ETL_ALLOW_PRIVATE_HOSTS: ${entry} is not a range.`, {
      cause,
      hint: 'Write 10.0.0.0/8, fd00::/8, an address or the name of a host.',
    })
  }
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6')

const special4 = subnets('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])
const global6 = subnets('ipv6', ['2000::/3'])
const special6 = subnets('ipv6', ['2001::/23', '2001:db8::/32', '3fff::/20'])

function subnets(family: 'ipv4' | 'ipv6', ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), family)
  }
  return list
}
