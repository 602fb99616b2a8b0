/** One row per way to fail: what it means to a shell, and whether waiting may help. Codes are never reused. */
export const ERROR_KINDS = {
  usage: { exit: 64, retryable: false, meaning: 'wrong flags or a wrong request body' },
  config: { exit: 78, retryable: false, meaning: 'a bad or unknown setting' },
  ref_syntax: { exit: 65, retryable: false, meaning: 'a malformed secret reference' },
  template_syntax: { exit: 65, retryable: false, meaning: 'a malformed template tag or filter' },
  filter_failed: { exit: 65, retryable: false, meaning: 'a filter cannot use the value it was given' },
  plan_conflict: {
    exit: 64,
    retryable: false,
    meaning: 'two sources for one destination, or a path that leaves it',
  },
  not_found: { exit: 66, retryable: false, meaning: 'no such secret or field' },
  ambiguous: { exit: 65, retryable: false, meaning: 'a reference that fits several secrets' },
  auth: { exit: 77, retryable: false, meaning: 'a credential that the provider does not accept' },
  denied: { exit: 77, retryable: false, meaning: 'a valid credential that may not read this' },
  credential_missing: { exit: 69, retryable: true, meaning: 'a credential file that is not there yet' },
  rate_limited: { exit: 75, retryable: true, meaning: 'the provider asks for fewer requests' },
  unavailable: { exit: 69, retryable: true, meaning: 'the provider cannot be reached or is failing' },
  timeout: { exit: 75, retryable: true, meaning: 'no answer before the deadline' },
  provider_protocol: {
    exit: 76,
    retryable: false,
    meaning: 'an answer from the provider that cannot be read',
  },
  volume_not_found: { exit: 66, retryable: false, meaning: 'no such volume' },
  volume_exists: { exit: 64, retryable: false, meaning: 'a volume of that name with other options' },
  mount_failed: { exit: 74, retryable: false, meaning: 'the kernel refused the mount' },
  unfit_value: {
    exit: 65,
    retryable: false,
    meaning: 'a value that cannot be put where it is to go, such as a NUL byte into a variable',
  },
  io: { exit: 74, retryable: false, meaning: 'a file could not be read or written' },
  too_large: { exit: 74, retryable: false, meaning: 'more bytes than the limit allows' },
  state_corrupt: { exit: 65, retryable: false, meaning: 'the state file cannot be read' },
  command_not_executable: {
    exit: 126,
    retryable: false,
    meaning: 'the command of `locket exec` is there and cannot be started',
  },
  command_not_found: { exit: 127, retryable: false, meaning: 'the command of `locket exec` is not there' },
  aborted: { exit: 75, retryable: false, meaning: 'the caller went away before the answer' },
  internal: { exit: 70, retryable: false, meaning: 'a bug in locket' },
} as const satisfies Record<string, { exit: number; retryable: boolean; meaning: string }>

export type ErrorCode = keyof typeof ERROR_KINDS

export interface ErrorDetails {
  /** What the user can do about it: one clause, lowercase, no full stop. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Asking again before that many milliseconds have passed is of no use. */
  readonly retryAfterMs?: number | undefined
}

const BRAND = Symbol.for('locket.error')

/** The only error locket throws on purpose. The message starts lowercase, names the thing, and holds no secret value. */
export class LocketError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'LocketError'
    this.code = code
    this.hint = details.hint
    this.retryAfterMs = details.retryAfterMs
  }
}

/** By brand, not `instanceof`: the bundle and a test may each hold a copy of the class. */
export function isLocketError(value: unknown): value is LocketError {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** Anything thrown, as a LocketError. What was not thrown on purpose is a bug: its text may hold a value, so it stays in `cause`. */
export function toLocketError(thrown: unknown): LocketError {
  if (isLocketError(thrown)) return thrown
  const errno = errnoOf(thrown)
  if (errno !== undefined) return new LocketError('io', `the system said ${errno}`, { cause: thrown })
  return new LocketError('internal', 'something went wrong inside locket', {
    cause: thrown,
    hint: 'please report it, with the log at debug level',
  })
}

/** The one line a person reads: `message (hint)`. What it quotes of a user's cannot break it, nor command a terminal. */
export function formatError(error: LocketError): string {
  const line = error.hint === undefined ? error.message : `${error.message} (${error.hint})`
  return onOneLine(line)
}

/** Most causes told: a chain of them may lead back to itself. */
const MOST_CAUSES = 10

/**
 * Why, one line per cause, the nearest first. Only what locket has thrown tells its message: another error's may hold a value, so of that
 * the system's code is told, or nothing.
 */
export function causesOf(error: LocketError): readonly string[] {
  const lines: string[] = []
  let { cause } = error
  while (cause !== undefined && lines.length < MOST_CAUSES) {
    if (!isLocketError(cause)) return [...lines, foreignText(cause)]
    lines.push(`${formatError(cause)} [${cause.code}]`)
    ;({ cause } = cause)
  }
  return lines
}

function foreignText(cause: unknown): string {
  const errno = errnoOf(cause)
  return errno === undefined ? 'an error that is not of locket' : `the system said ${errno}`
}

/** A text of somebody else's as it can be printed. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?')
}

export function isRetryable(error: LocketError): boolean {
  return ERROR_KINDS[error.code].retryable
}

/** `ENOENT` of a Node system error, else undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' && /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : undefined
}

/** The same failure in other words; the first ones are its cause. */
export function rewordError(error: LocketError, message: string): LocketError {
  const { code, hint, retryAfterMs } = error
  return new LocketError(code, message, { cause: error, hint, retryAfterMs })
}

/** Several failures as one line. One alone stays as it is; the first decides the code, unless one cannot pass: then that one does. */
export function combineErrors(errors: readonly [LocketError, ...LocketError[]]): LocketError {
  const [first, ...others] = errors
  if (others.length === 0) return first
  const lead = errors.find((error) => !isRetryable(error)) ?? first
  return new LocketError(lead.code, errors.map(formatError).join('; '), { cause: lead })
}

/** Throws all of them as one, if there are any. */
export function throwErrors(errors: readonly LocketError[]): void {
  const [first, ...others] = errors
  if (first !== undefined) throw combineErrors([first, ...others])
}
