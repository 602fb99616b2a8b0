import { BlockList, isIP } from 'node:net'

/** Returns the CIDR in the form in which it is stored: `10.0.0.0/8`. Undefined: it is malformed. */
export function parseCidr(text: string): string | undefined {
  const [address = '', prefix, ...others] = text.split('/')
  const family = isIP(address)
  const most = family === 6 ? 128 : 32
  const length = prefix ?? String(most)
  if (family === 0 || others.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(length)) return undefined
  return Number(length) > most ? undefined : `${address.toLowerCase()}/${length}`
}

/** Lists that were made before, by their texts. Machines of one network share one. */
const lists = new Map<string, BlockList>()
const MOST_LISTS = 1000

/**
 * True when one of the networks has the address, or when there is none. An IPv4 address in an IPv6 form
 * counts as IPv4. A list with a malformed entry has no address.
 */
export function isWithin(address: string, cidrs: readonly string[]): boolean {
  if (cidrs.length === 0) return true
  const family = isIP(address)
  if (family === 0) return false
  const key = cidrs.join(' ')
  let list = lists.get(key)
  if (list === undefined) {
    const parsed = cidrs.map(parseCidr)
    list = parsed.includes(undefined) ? new BlockList() : listOf(parsed.map(String))
    if (lists.size >= MOST_LISTS) lists.clear()
    lists.set(key, list)
  }
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Returns a text for all addresses that one sender can choose from: the address itself for IPv4, also in an
 * IPv6 form, and the first 64 bits of an IPv6 address.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || isIP(address) !== 6) return mapped ?? address
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - groups.length - rest.length }, () => '0')
  return [...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}
