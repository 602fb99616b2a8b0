import { BlockList, isIP } from 'node:net'

/** Networks that are not part of the public internet (IANA special-purpose address registries). */
const SPECIAL: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

/** One list for each family: a list of both takes an IPv4 address for its form in IPv6. */
const lists = new Map<number, BlockList>()

/**
 * True for a public unicast address. The only public IPv6 network is 2000::/3, without the forms that
 * carry an IPv4 address: a gateway may lead them to any IPv4 network.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const list = lists.get(family) ?? listFor(family)
  lists.set(family, list)
  return !list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function listFor(family: number): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of SPECIAL)
    if (isIP(address) === family) list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  return list
}
