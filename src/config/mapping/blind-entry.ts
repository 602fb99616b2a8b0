import { parseHostPattern } from '../../core/blind/authority.ts'
import type { BlindBinding, BlindPlace } from '../../core/blind/binding.ts'
import { FEWEST_RANDOM, type PlaceholderFormat } from '../../core/blind/placeholder.ts'
import { isTable } from '../layers/toml.ts'

/** The key `blind` of a variable: the requests for which a proxy uses its value. */
export interface BlindEntry {
  readonly binding: BlindBinding
  /** Undefined: the form that locket chooses. */
  readonly format: PlaceholderFormat | undefined
}

/** Entries of a list, and characters of each. */
const MOST_ENTRIES = 100
const MOST_TEXT = 1024
const LONGEST_PLACEHOLDER = 512

/** Headers that belong to the connection, or that the proxy sets. */
const NOT_BOUND =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|accept-encoding|expect|range|if-range|sec-websocket-.*|proxy-.*)$/
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i

const KEYS = ['hosts', 'methods', 'paths', 'header', 'basic', 'query', 'body', 'prefix', 'length']

/** Parses `{ hosts = ["api.example"], header = "Authorization" }`, or returns the problem with it. */
export function parseBlindEntry(value: unknown): BlindEntry | { readonly problem: string } {
  if (!isTable(value)) return { problem: 'blind is a table, { hosts = ["…"], header = "…" }, or false' }
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) return { problem: `blind has the keys ${KEYS.join(', ')}` }
  const problems: string[] = []
  const texts = (key: string): readonly string[] | undefined => {
    const given = value[key]
    if (given === undefined) return undefined
    const list: readonly unknown[] = Array.isArray(given) ? given : [given]
    const found = list.filter(
      (it): it is string => typeof it === 'string' && it !== '' && it.length <= MOST_TEXT,
    )
    if (found.length === list.length && found.length > 0 && found.length <= MOST_ENTRIES) return found
    problems.push(`blind.${key} is a text or a list of texts`)
    return undefined
  }
  const isSet = (key: string): boolean => {
    const given = value[key] ?? false
    if (typeof given !== 'boolean') problems.push(`blind.${key} is true or false`)
    return given === true
  }
  const hosts = texts('hosts') ?? []
  const methods = texts('methods')?.map((method) => method.toUpperCase())
  const paths = texts('paths')
  const headers = (texts('header') ?? []).map((name) => name.toLowerCase())
  const places: readonly BlindPlace[] = [
    ...headers.map((name) => ({ kind: 'header', name }) as const),
    ...(isSet('basic') ? [{ kind: 'basic' } as const] : []),
    ...(texts('query') ?? []).map((name) => ({ kind: 'query', name }) as const),
    ...(isSet('body') ? [{ kind: 'body' } as const] : []),
  ]
  const patterns = hosts.map(parseHostPattern)
  if (hosts.length === 0) problems.push('blind needs hosts')
  if (patterns.includes(undefined))
    problems.push('a host of blind is a name such as api.example, *.example or api.example:8443')
  if (methods?.some((method) => !TOKEN.test(method)) === true)
    problems.push('a method of blind is a word such as GET')
  if (paths?.some((path) => !/^\/[^?#\s]*$/.test(path)) === true)
    problems.push('a path of blind begins with /, and may have * for any characters')
  if (headers.some((name) => !TOKEN.test(name) || NOT_BOUND.test(name)))
    problems.push('a header of blind is the name of a header that the proxy passes on unchanged')
  if (places.length === 0)
    problems.push('blind needs a place: header = "NAME", basic = true, query = "NAME" or body = true')
  const format = formatOf(value, problems)
  const [problem] = problems
  if (problem !== undefined) return { problem }
  return {
    binding: { hosts: patterns.filter((it) => it !== undefined), methods, paths, places },
    format,
  }
}

function formatOf(
  { prefix = '', length }: Readonly<Record<string, unknown>>,
  problems: string[],
): PlaceholderFormat | undefined {
  if (prefix === '' && length === undefined) return undefined
  if (typeof prefix !== 'string' || !/^[A-Za-z0-9._~-]{0,200}$/.test(prefix))
    problems.push('blind.prefix has letters, digits and . _ ~ -')
  else if (typeof length !== 'number' || !Number.isInteger(length) || length > LONGEST_PLACEHOLDER)
    problems.push(
      `blind.length is the number of characters of the placeholder, at most ${LONGEST_PLACEHOLDER}`,
    )
  else if (length - prefix.length < FEWEST_RANDOM)
    problems.push(`blind.length leaves at least ${FEWEST_RANDOM} characters after the prefix`)
  else return { prefix, length }
  return undefined
}
