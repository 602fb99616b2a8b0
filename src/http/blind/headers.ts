import type { IncomingMessage } from 'node:http'
import type { HeaderList } from '../../core/blind/swap.ts'
import type { Scrubber } from '../../core/blind/scrub.ts'

/** Headers that belong to one connection (RFC 9110, section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
])

/** Returns the headers of a message that go on to the other side. The body's length or `chunked` stays. */
export function endToEnd({ rawHeaders, headers }: IncomingMessage): HeaderList {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  // A client must not make the proxy drop headers that describe the body.
  const dropped = new Set(named.filter((name) => !/^(content-.*|transfer-encoding|host)$/.test(name)))
  return pairs(rawHeaders).filter(([name]) => {
    const key = name.toLowerCase()
    return !HOP_BY_HOP.has(key) && !dropped.has(key)
  })
}

/** Returns the headers without those of these names, which are lower case. */
export function without(headers: HeaderList, ...names: readonly string[]): HeaderList {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()))
}

/** Returns the headers as Node takes them: names and values in turn. */
export function rawOf(headers: HeaderList): string[] {
  return headers.flat()
}

/** Hides values in a text that Node has read from a message, such as a header. */
export function scrubText(text: string, scrubber: Scrubber): string {
  if (text === '') return text
  const shown = [scrubber.push(Buffer.from(text, 'latin1')), scrubber.flush()]
  return Buffer.concat(shown).toString('latin1')
}

/** Hides values in headers. They are searched together, because hardly any header has a value. */
export function scrubHeaders(headers: HeaderList, scrubber: () => Scrubber): HeaderList {
  const all = Buffer.from(headers.map(([, value]) => value).join('\n'), 'latin1')
  if (scrubber().push(all) === all) return headers
  return headers.map(([name, value]) => [name, scrubText(value, scrubber())])
}

function pairs(raw: readonly string[]): HeaderList {
  return Array.from(
    { length: raw.length / 2 },
    (_, at) => [raw[2 * at] ?? '', raw[2 * at + 1] ?? ''] as const,
  )
}
