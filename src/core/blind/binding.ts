import { namesHost, type Authority, type HostPattern } from './authority.ts'
import { matchesGlob } from '../text/glob.ts'

/** A part of a request in which a placeholder is replaced. */
export type BlindPlace =
  /** The header of this name, which is lower case. The placeholder may be a part of it. */
  | { readonly kind: 'header'; readonly name: string }
  /** The user or the password of `Authorization: Basic`. */
  | { readonly kind: 'basic' }
  /** The parameter of this name in the query. */
  | { readonly kind: 'query'; readonly name: string }
  /** The body, up to a limit of its size. */
  | { readonly kind: 'body' }

/** The requests for which a value is used, and its places in them. */
export interface BlindBinding {
  readonly hosts: readonly HostPattern[]
  /** Upper case. Undefined: every method. */
  readonly methods: readonly string[] | undefined
  /** `/v1/items`, or `/v1/*`, where `*` means any characters. Undefined: every path. */
  readonly paths: readonly string[] | undefined
  readonly places: readonly BlindPlace[]
}

/** The parts of a request that a binding is compared with. */
export interface RequestLine extends Authority {
  readonly method: string
  /** Path and query, as they are sent: `/v1/items?page=2`. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Headers by which some servers take another method, or another path, than those of the request. */
const OTHER_METHOD = /^(x-http-method-override|x-http-method|x-method-override)$/i
const OTHER_PATH = /^(x-original-url|x-rewrite-url)$/i

/** True when the value may be used for the request. */
export function isBoundTo({ hosts, methods, paths }: BlindBinding, request: RequestLine): boolean {
  if (!hosts.some((pattern) => namesHost(pattern, request))) return false
  const has = (pattern: RegExp): boolean => request.headers.some(([name]) => pattern.test(name))
  if (methods !== undefined && (!methods.includes(request.method) || has(OTHER_METHOD))) return false
  if (paths === undefined) return true
  if (has(OTHER_PATH)) return false
  const path = pathOf(request.target)
  return isUnambiguous(path) && paths.some((pattern) => matchesGlob(pattern, path))
}

/** Returns the target without its query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

/**
 * False for a path that servers may read as another one: with `..`, `//`, a backslash or an encoded slash. No
 * binding with paths fits it.
 */
function isUnambiguous(path: string): boolean {
  if (/\/\/|\\|%2f|%5c|%00|;/i.test(path)) return false
  return !path.split('/').some((part) => /^(\.|%2e){1,2}$/i.test(part))
}
