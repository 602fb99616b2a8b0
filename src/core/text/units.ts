import { LocketError } from '../vocabulary/errors.ts'

const LARGEST_ID = 4_294_967_294
const LARGEST_MODE = 0o7777
const SHOWN = 40
const QUOTE = 'write octal digits with a leading zero, in quotes, like "0700"'

/** Modes that people give to files and folders: what tells octal from the decimal that YAML made of it. */
const USUAL_MODES: ReadonlySet<number> = new Set([
  0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o700, 0o710, 0o711,
  0o750, 0o751, 0o755, 0o770, 0o771, 0o775, 0o777, 0o1770, 0o1777, 0o2750, 0o2770, 0o2775,
])

const SIZE_UNITS: Readonly<Record<string, number>> = { G: 1024 ** 3, M: 1024 ** 2, K: 1024 }
const DURATION_UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Owner as numbers: names would be looked up in the daemon's own user database, which is not the container's. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** `10M`, `512K`, `1GiB`, `4096` → bytes; K, M and G are powers of 1024. Zero is refused: to a tmpfs it means no limit. */
export function parseSize(text: string): number {
  const match = /^([0-9]+)(?:([KMG])(?:i?B)?|B)?$/i.exec(text)
  if (match === null)
    throw bad('size', text, 'write a whole number of bytes, or one with K, M or G, like 10M')
  const bytes = Number(match[1]) * (SIZE_UNITS[match[2]?.toUpperCase() ?? ''] ?? 1)
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes
  throw bad('size', text, 'it must be more than 0 and at most 8388607G')
}

/** The shortest exact form: `parseSize` gives the same number again. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of Object.entries(SIZE_UNITS)) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return `${bytes}B`
}

/** `500ms`, `25s`, `2m`, `1h`, `1m30s` → milliseconds; units in falling order, each at most once. */
export function parseDuration(text: string): number {
  if (/^[0-9]+$/.test(text))
    throw bad('duration', text, `add a unit (ms, s, m or h), like ${text.slice(0, SHOWN)}s`)
  const match = /^(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/.exec(text)
  if (match === null || text === '') throw bad('duration', text, 'write it like 500ms, 25s, 2m, 1h or 1m30s')
  const [hours, minutes, seconds, milliseconds] = match.slice(1).map((digits) => Number(digits ?? 0))
  const total = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(milliseconds)
  if (Number.isSafeInteger(total)) return total
  throw bad('duration', text, 'it is too long')
}

/** How long something still lasts, in whole seconds and never too short: `1m30s`. */
export function formatTimeLeft(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000)
}

/** Whole milliseconds, largest unit first: `1m30s`. */
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
 * `1000:1000`, or `1000` for user and group alike. `docker run --user 1000` takes the group from the image's own passwd file, which
 * is out of sight here, and 0 when the user is not in it: that 0 is not copied, since a file of mode 0640 would be open to root's group.
 */
export function parseOwner(text: string): Owner {
  const match = /^([0-9]{1,10})(?::([0-9]{1,10}))?$/.exec(text)
  const uid = Number(match?.[1])
  const gid = Number(match?.[2] ?? match?.[1])
  if (match !== null && uid <= LARGEST_ID && gid <= LARGEST_ID) return { uid, gid }
  throw bad('owner', text, `write uid:gid or uid, as numbers up to ${LARGEST_ID}, like 1000:1000`)
}

/**
 * A file mode. YAML makes the text `448` of an unquoted `0700` before it gets here, so: a leading `0` or `0o` is octal; an 8 or 9
 * makes it decimal; else it is whichever reading is a usual mode, and an error when both are or neither is.
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

/** All advice is in the message: settings show nothing else of these errors. */
function bad(what: string, text: string, advice: string): LocketError {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  return new LocketError('config', `${JSON.stringify(shown)} is no ${what}: ${advice}`)
}
