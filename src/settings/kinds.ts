import { LocketError } from '../core/vocabulary/errors.ts'
import { parseMountFlags, parseSelinuxContext } from '../core/volume/mount-flags.ts'
import type { ReadLimits } from '../core/ports/files.ts'
import type { PassedSignal } from '../core/ports/signals.ts'
import { parseOnChange, parseSignal } from '../core/reload/on-change.ts'
import { parseRates } from '../core/waiting/rate.ts'
import { Secret } from '../core/vocabulary/secret.ts'
import { nearest } from '../core/text/nearest.ts'
import { parseDuration, parseMode, parseOwner, parseSize } from '../core/text/units.ts'
import { AnyText, listOf, matching, oneOf, type Schema } from './schema.ts'

/** Bytes of one page of memory. A file takes whole pages. */
const SMALLEST_TMPFS = 4096

/** A text that is not empty. */
export const Text = matching(/./s, 'must not be empty')
/** A list of texts. */
export const List = listOf(AnyText)
/** Names. Each entry is one name or several with commas between them. */
export const Names = List.transform((entries) =>
  entries
    .flatMap((entry) => entry.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== ''),
)
/** Bytes: `10M`. See `parseSize`. */
export const Size = AnyText.transform(parseSize)
/** Bytes of a tmpfs, which has at least one page. */
export const TmpfsSize = Size.refine(
  (bytes) => bytes >= SMALLEST_TMPFS,
  'must be at least 4K, one page of memory: a number without K, M or G is bytes',
)
/** The mode of a file or folder: `0440`. See `parseMode`. */
export const Mode = AnyText.transform(parseMode)
/** User and group as numbers: `1000:1000`. See `parseOwner`. */
export const OwnerText = AnyText.transform(parseOwner)
/**
 * The mode of one secret's file. A message never repeats a text that is not a number: it may be the secret,
 * in the wrong option.
 */
export const FileMode = matching(/^[0-9o]*$/i, 'must be octal digits, in quotes, like "0440"').pipe(
  Mode.refine(
    (mode) => (mode & 0o7002) === 0,
    'a secret must not be writable by everyone, nor have setuid, setgid or sticky bits',
  ),
)
/** The owner of one secret's file. Messages are as careful as those of FileMode. */
export const FileOwner = matching(/^[0-9:]*$/, 'must be uid:gid or uid, as numbers, like 1000:1000').pipe(
  OwnerText,
)
/** Milliseconds: `1m30s`. See `parseDuration`. */
export const Duration = AnyText.transform(parseDuration)
/** The shortest interval between two refreshes, in milliseconds. */
const SHORTEST_REFRESH_MS = 5000
/** How often values are asked for again: `auto`, `off`, or milliseconds of at least 5 s. */
export const RefreshInterval = AnyText.transform((text): 'auto' | 'off' | number => {
  const word = text.toLowerCase()
  if (word === 'auto' || word === 'off') return word
  const ms = parseDuration(text)
  if (ms >= SHORTEST_REFRESH_MS) return ms
  throw new LocketError('config', 'must be auto, off, or a duration of at least 5s')
})
/** The shortest maximum age of cached values, in milliseconds. */
const SHORTEST_CACHE_MS = 60_000
/** How long values are kept for an outage: `off`, or milliseconds of at least one minute. */
export const CacheAge = AnyText.transform((text): 'off' | number => {
  if (text.toLowerCase() === 'off') return 'off'
  const ms = parseDuration(text)
  if (ms >= SHORTEST_CACHE_MS) return ms
  throw new LocketError('config', 'must be off, or a duration of at least 1m, like 24h')
})
/** The effect of a change on the command of `locket exec`: `restart`, `none` or `signal:SIGHUP`. */
export const CommandChange = AnyText.transform(
  (text): 'restart' | 'none' | { readonly signal: PassedSignal } => {
    const word = text.trim().toLowerCase()
    if (word === 'restart' || word === 'none') return word
    if (word.startsWith('signal:')) return { signal: parseSignal(text.trim().slice('signal:'.length)) }
    throw new LocketError('config', 'must be restart, none or signal:NAME, like signal:SIGHUP')
  },
)
/** The action when new content of a volume is in place: `signal:SIGHUP`. See `parseOnChange`. */
export const ChangeAction = AnyText.transform(parseOnChange)
/** Rate limits: `5/s,60/m`. See `parseRates`. */
export const Rates = AnyText.transform(parseRates)

/** The words of `rw,noexec`. */
export const MountFlagWords = AnyText.transform((text): readonly string[] => {
  const words = text.split(',').map((word) => word.trim())
  parseMountFlags(words)
  return words
})

/** A SELinux context. See `parseSelinuxContext`. */
export const SelinuxContext = AnyText.transform(parseSelinuxContext)

/** A boolean: true or false, yes or no, on or off, 1 or 0. */
export const Switch = matching(/^(true|false|yes|no|on|off|1|0)$/i, 'must be true or false').transform(
  (text) => /^(true|yes|on|1)$/i.test(text),
)

/** A whole number from 1 to 999999. */
export const Count = matching(/^[1-9][0-9]{0,5}$/, 'must be a whole number from 1 to 999999').transform(
  Number,
)

/** An absolute path. It is not normalized. */
export const AbsolutePath = matching(/^\/[^\0]*$/, 'must be an absolute path, which begins with /')

/** The absolute path of a socket, or `off` for no socket. */
export const SocketPath = matching(
  /^(off|\/[^\0]{1,106})$/,
  'must be an absolute path of at most 107 bytes, or off',
)

/** An address to listen on. `host` has no brackets. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:9323` or `[::1]:9323`. */
export const HostAndPort = AnyText.transform((text): ListenAddress => {
  const [, v6, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):([0-9]{1,5})$/i.exec(text) ?? []
  const host = v6 ?? name
  const port = Number(digits)
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port }
  throw new LocketError('config', 'must be HOST:PORT, like 127.0.0.1:9323 or [::1]:9323')
})

/** A list of absolute paths. */
export const PathList = listOf(AbsolutePath)

/**
 * A base URL, with or without a path. User names and passwords in it are refused, because error texts show
 * URLs.
 */
export const HttpUrl = AnyText.transform((text): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new LocketError('config', 'must be a URL that starts with http:// or https://')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new LocketError('config', 'must have no user name, password, query or fragment')
  return url.href.replace(/\/+$/, '')
})

/**
 * The source of a credential. A file is read when the provider is first used and again for each login, never
 * while the configuration is loaded. `within` and `except` limit the place of a file that driver options
 * name.
 */
export type Credential =
  | { readonly kind: 'inline'; readonly value: Secret }
  | ({ readonly kind: 'file'; readonly path: string } & Pick<ReadLimits, 'within' | 'except'>)

/** True for a credential that is read from a file. */
export function isCredentialFile(value: unknown): value is Extract<Credential, { kind: 'file' }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'file'
}

/** Parses `file:/path` or the credential itself. */
export const CredentialText = AnyText.transform((text): Credential => {
  const file = /^file:(?:\/\/)?(\/.*)$/s.exec(text)?.[1]
  if (file !== undefined) return { kind: 'file', path: file }
  if (text.startsWith('file:')) throw new LocketError('config', 'file: must be followed by an absolute path')
  if (text.trim() === '') throw new LocketError('config', 'must not be empty')
  return { kind: 'inline', value: Secret.fromText(text.trim()) }
})

/** Parses `/path` or `file:/path` of a credential that is a whole file, such as a key in JSON. */
export const CredentialFile = matching(
  /^(file:(\/\/)?)?\/[^\0]*$/,
  'must be the absolute path of a file, which begins with /',
).transform((text): Extract<Credential, { kind: 'file' }> => ({
  kind: 'file',
  path: text.replace(/^file:(?:\/\/(?=\/))?/, ''),
}))

function nearChoice(text: string, choices: readonly string[]): string | undefined {
  const begins = choices.find((choice) => text.toLowerCase().startsWith(choice))
  return begins ?? nearest(text, choices)
}

/** Returns a schema that takes one of the given words. `advice` ends its message. */
export const Choice = <const W extends string>(choices: readonly W[], advice = ''): Schema<W> =>
  oneOf(choices, (input) => {
    const near = typeof input === 'string' ? nearChoice(input, choices) : undefined
    const meant = near === undefined ? '' : `, did you mean ${near}?`
    return `must be one of ${choices.join(', ')}${meant}${advice === '' ? '' : `; ${advice}`}`
  })
