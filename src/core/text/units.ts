import { LocketError } from '../vocabulary/errors.ts'

const LARGEST_ID = 4_294_967_294
const LARGEST_MODE = 0o7777
const SHOWN = 40
const QUOTE = 'write octal digits with a leading zero, in quotes, like "0700"'

/**
 * Common modes of files and folders. They show whether digits are octal or the decimal that YAML made of it.
 */
const USUAL_MODES: ReadonlySet<number> = new Set([
  0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o700, 0o710, 0o711,
  0o750, 0o751, 0o755, 0o770, 0o771, 0o775, 0o777, 0o1770, 0o1777, 0o2750, 0o2770, 0o2775,
])

const SIZE_UNITS: Readonly<Record<string, number>> = { G: 1024 ** 3, M: 1024 ** 2, K: 1024 }
const DURATION_UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/**
 * User and group as numbers. Names are not accepted: they would be looked up in the daemon's user database,
 * which differs from the container's.
 */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** The mode and the owner that a user gave to one file. The common ones replace a value that is left out. */
export interface FileAccess {
  readonly mode?: number | undefined
  readonly owner?: Owner | undefined
}

/**
 * Returns the bytes of `10M`, `512K`, `1GiB` or `4096`; K, M and G are powers of 1024. Throws `config`, also
 * for zero, because a tmpfs treats zero as "no limit".
 */
export function parseSize(text: string): number {
  const match = /^([0-9]+)(?:([KMG])(?:i?B)?|B)?$/i.exec(text)
  if (match === null)
    throw bad('size', text, 'write a whole number of bytes, or one with K, M or G, like 10M')
  const bytes = Number(match[1]) * (SIZE_UNITS[match[2]?.toUpperCase() ?? ''] ?? 1)
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes
  throw bad('size', text, 'it must be more than 0 and at most 8388607G')
}

/** Returns the shortest exact form of a number of bytes: `parseSize` returns the number again. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of Object.entries(SIZE_UNITS)) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return `${bytes}B`
}

/**
 * Returns the milliseconds of `500ms`, `25s`, `2m`, `1h` or `1m30s`. Units come in descending order, each at
 * most once. Throws `config`.
 */
export function parseDuration(text: string): number {
  if (/^[0-9]+$/.test(text))
    throw bad(
      'duration',
      text,
      `add a unit (ms, s, m or h), like ${text.slice(0, SHOWN)}${text.length > 2 ? 'ms' : 's'}`,
    )
  const match = /^(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/.exec(text)
  if (match === null || text === '') throw bad('duration', text, 'write it like 500ms, 25s, 2m, 1h or 1m30s')
  const [hours, minutes, seconds, milliseconds] = match.slice(1).map((digits) => Number(digits ?? 0))
  const total = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(milliseconds)
  if (Number.isSafeInteger(total)) return total
  throw bad('duration', text, 'it is too long')
}

/** Returns the milliseconds as text in whole seconds, rounded up: `1m30s`. */
export function formatTimeLeft(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000)
}

/** Returns the milliseconds as text, the largest unit first: `1m30s`. `parseDuration` reads it. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const parts: string[] = []
  let rest = ms
  for (const [unit, factor] of Object.entries(DURATION_UNITS)) {
    const count = Math.floor(rest / factor)
    if (count > 0) parts.push(`${count}${unit}`)
    rest -= count * factor
  }
  return parts.join('')
}

/**
 * Reads `1000:1000`, or `1000` for both user and group. Throws `config`. `docker run --user 1000` takes the
 * group from the image's passwd file, which locket does not see, and 0 when the user is not in it. locket
 * never assumes that 0: a file of mode 0640 would be open to root's group.
 */
export function parseOwner(text: string): Owner {
  const match = /^([0-9]{1,10})(?::([0-9]{1,10}))?$/.exec(text)
  const uid = Number(match?.[1])
  const gid = Number(match?.[2] ?? match?.[1])
  if (match !== null && uid <= LARGEST_ID && gid <= LARGEST_ID) return { uid, gid }
  throw bad('owner', text, `write uid:gid or uid, as numbers up to ${LARGEST_ID}, like 1000:1000`)
}

/**
 * Reads a file mode. YAML turns an unquoted `0700` into `448`, so both must be understood: a leading `0` or
 * `0o` means octal, a digit 8 or 9 means decimal, and otherwise the reading that is a common mode is used.
 * Throws `config` when both readings are common, or neither.
 */
export function parseMode(text: string): number {
  if (!/^(?:0o)?[0-9]{1,6}$/i.test(text)) throw bad('mode', text, QUOTE)
  if (text.startsWith('0')) return inRange(text, octalOf(text.replace(/^0o/i, '')))
  const decimal = Number(text)
  if (/[89]/.test(text)) return inRange(text, decimal)
  const octal = octalOf(text)
  if (USUAL_MODES.has(octal) !== USUAL_MODES.has(decimal)) return USUAL_MODES.has(octal) ? octal : decimal
  throw bad('mode', text, `it may be octal or decimal: ${QUOTE}`)
}

function octalOf(digits: string): number {
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}

function inRange(text: string, mode: number): number {
  if (mode <= LARGEST_MODE) return mode
  throw bad('mode', text, QUOTE)
}

/** Returns a `config` error. The advice is part of the reason, so it is shown wherever the reason is. */
function bad(what: string, text: string, advice: string): LocketError {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  return new LocketError('config', `${JSON.stringify(shown)} is not a valid ${what}: ${advice}`)
}

/** Returns a number with its noun: `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
