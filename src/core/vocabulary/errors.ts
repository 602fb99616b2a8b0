import { errorSentence, sharedFacts, withHint, type ErrorFactName, type ErrorFacts } from './error-facts.ts'
import { systemReason } from './system-errors.ts'

/**
 * Every kind of error: the exit code of a command that ends with it, and whether another try may help. Codes
 * are never reused.
 */
export const ERROR_KINDS = {
  usage: { exit: 64, retryable: false, meaning: 'wrong flags or a wrong request body' },
  config: { exit: 78, retryable: false, meaning: 'a bad or unknown setting' },
  ref_syntax: { exit: 65, retryable: false, meaning: 'a malformed secret reference' },
  template_syntax: { exit: 65, retryable: false, meaning: 'a malformed template tag or filter' },
  filter_failed: { exit: 65, retryable: false, meaning: 'a filter cannot use the value it was given' },
  plan_conflict: {
    exit: 64,
    retryable: false,
    meaning: 'two sources for one destination, a path that leaves it, or a field that cannot be there',
  },
  not_found: { exit: 66, retryable: false, meaning: 'no such secret or field' },
  ambiguous: { exit: 65, retryable: false, meaning: 'a reference that fits several secrets' },
  cycle: { exit: 78, retryable: false, meaning: 'brokers whose references lead to each other' },
  auth: { exit: 77, retryable: false, meaning: 'a credential that the provider does not accept' },
  denied: { exit: 77, retryable: false, meaning: 'a valid credential without permission to read this' },
  credential_missing: { exit: 69, retryable: true, meaning: 'a credential file that is not there yet' },
  rate_limited: { exit: 75, retryable: true, meaning: 'the provider asks for fewer requests' },
  unavailable: { exit: 69, retryable: true, meaning: 'the provider cannot be reached or is failing' },
  timeout: { exit: 75, retryable: true, meaning: 'no answer before the deadline' },
  provider_protocol: {
    exit: 76,
    retryable: false,
    meaning: 'an answer from the provider, Docker Compose or the Docker Engine that cannot be read',
  },
  volume_not_found: { exit: 66, retryable: false, meaning: 'no such volume' },
  volume_exists: { exit: 64, retryable: false, meaning: 'a volume of that name with other options' },
  mount_failed: { exit: 74, retryable: false, meaning: 'the kernel refused the mount' },
  unfit_value: {
    exit: 65,
    retryable: false,
    meaning: 'a value that its destination cannot hold, such as a NUL byte in a variable',
  },
  io: { exit: 74, retryable: false, meaning: 'a file could not be read or written' },
  too_large: { exit: 74, retryable: false, meaning: 'more bytes than the limit allows' },
  audit_broken: { exit: 65, retryable: false, meaning: 'an audit log whose chain is broken' },
  state_corrupt: { exit: 65, retryable: false, meaning: 'the state file cannot be read' },
  command_not_executable: {
    exit: 126,
    retryable: false,
    meaning: 'the command of `locket exec` exists and cannot be started',
  },
  command_not_found: { exit: 127, retryable: false, meaning: 'the command of `locket exec` does not exist' },
  hook_failed: { exit: 75, retryable: true, meaning: 'a command of `on-change` failed in its container' },
  aborted: { exit: 75, retryable: false, meaning: 'the caller went away before the answer' },
  internal: { exit: 70, retryable: false, meaning: 'a bug in locket' },
} as const satisfies Record<string, { exit: number; retryable: boolean; meaning: string }>

/** The stable code of a kind of error: the name of a row of ERROR_KINDS. */
export type ErrorCode = keyof typeof ERROR_KINDS

/** The optional parts of a LocketError. */
export interface ErrorDetails {
  /** Advice for the user: one clause, lowercase, no full stop. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Milliseconds to wait before another try, when the provider says how long. */
  readonly retryAfterMs?: number | undefined
  readonly facts?: ErrorFacts | undefined
  /** Facts that the reason says in its own words. `formatError` does not print them. */
  readonly names?: readonly ErrorFactName[] | undefined
  /** The errors that this one combines. Their sentences are printed instead of the reason. */
  readonly parts?: readonly LocketError[] | undefined
  /** The single mistakes when the reason lists several. A command prints one a line. */
  readonly list?: readonly string[] | undefined
}

const BRAND = Symbol.for('locket.error')
const NO_FACTS: ErrorFacts = {}
const NONE: readonly never[] = []

/**
 * The only error that locket throws on purpose. Its reason starts lowercase and holds no secret value. Where
 * it happened is in `facts`, not in the reason. `message` is the whole sentence: facts and reason, without
 * the hint.
 */
export class LocketError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly reason: string
  readonly hint: string | undefined
  readonly retryAfterMs: number | undefined
  readonly facts: ErrorFacts
  readonly names: readonly ErrorFactName[]
  readonly parts: readonly LocketError[]
  readonly list: readonly string[]

  constructor(code: ErrorCode, reason: string, details: ErrorDetails = {}) {
    const { hint, cause, retryAfterMs, facts = NO_FACTS, names = NONE, parts = NONE, list = NONE } = details
    // A text with 30,000 mistakes makes 30,000 errors, so an error without facts must be cheap to make.
    const isPlain = facts === NO_FACTS && parts.length === 0
    const message = isPlain ? reason : errorSentence({ reason, facts, names, parts })
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LocketError'
    this.code = code
    this.reason = reason
    this.hint = hint
    this.retryAfterMs = retryAfterMs
    this.facts = facts
    this.names = names
    this.parts = parts
    this.list = list
  }
}

/**
 * True for a LocketError. Checks a brand, not `instanceof`: the bundle and a test may each hold a copy of the
 * class.
 */
export function isLocketError(value: unknown): value is LocketError {
  return typeof value === 'object' && value !== null && BRAND in value
}

/**
 * Returns anything that was thrown as a LocketError. An error of the system becomes `io`, any other foreign
 * error `internal`. The text of a foreign error may hold a secret value, so it is kept only in `cause`.
 */
export function toLocketError(thrown: unknown): LocketError {
  if (isLocketError(thrown)) return thrown
  const errno = errnoOf(thrown)
  if (errno !== undefined)
    return new LocketError('io', `a file or socket cannot be used: ${systemReason(errno)}`, { cause: thrown })
  return new LocketError('internal', 'something went wrong inside locket', {
    cause: thrown,
    hint: 'please report it, with the log at debug level',
  })
}

/**
 * Returns the one line that a person reads: facts, reason, and the hint in parentheses. `beside` holds facts
 * that the reader sees elsewhere: they are left out. Control characters become `?`, so that a quoted text can
 * neither break the line nor command a terminal.
 */
export function formatError(error: LocketError, beside: ErrorFacts = {}): string {
  return onOneLine(withHint(errorSentence(error, beside), error.hint))
}

/** Largest number of causes that are printed. The limit exists because a chain of causes may be a loop. */
const MOST_CAUSES = 10

/**
 * Returns one line for each cause, the nearest first. Only the errors of locket are quoted. The text of
 * another error may hold a secret value, so the line has its system code instead, or a fixed text.
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

/** Returns a foreign text with control, line separator and bidirectional characters replaced by `?`. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '?')
}

/** True when another try may succeed without a change of settings or secrets. */
export function isRetryable(error: LocketError): boolean {
  return ERROR_KINDS[error.code].retryable
}

/** Returns the code of a Node system error, such as `ENOENT`, else undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' && /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : undefined
}

/**
 * Returns an error with another reason. Facts, hint and code are kept, and `error` becomes the cause. `names`
 * lists facts that the new reason says; those of the old reason are added.
 */
export function rewordError(
  error: LocketError,
  reason: string,
  names: readonly ErrorFactName[] = [],
): LocketError {
  const { code, hint, retryAfterMs, facts } = error
  return new LocketError(code, reason, {
    cause: error,
    hint,
    retryAfterMs,
    facts,
    names: [...error.names, ...names],
  })
}

/**
 * Returns the error with more facts. A fact that the error has already is kept: it is nearer to the cause.
 */
export function addFacts(error: LocketError, facts: ErrorFacts): LocketError {
  const { code, reason, hint, retryAfterMs, cause, names, parts, list } = error
  return new LocketError(code, reason, {
    hint,
    retryAfterMs,
    cause,
    names,
    parts,
    list,
    facts: { ...facts, ...error.facts },
  })
}

/**
 * Returns one error whose line lists all the given ones. A single error is returned unchanged. The code is
 * that of the first error that is not retryable, or else of the first. Facts that all errors share become
 * facts of the combined error.
 */
export function combineErrors(errors: readonly [LocketError, ...LocketError[]]): LocketError {
  const [first, ...others] = errors
  if (others.length === 0) return first
  const lead = errors.find((error) => !isRetryable(error)) ?? first
  const facts = sharedFacts(errors.map((error) => error.facts))
  return new LocketError(lead.code, errors.map((error) => formatError(error)).join('; '), {
    cause: lead,
    facts,
    names: Object.keys(facts) as ErrorFactName[],
    parts: errors,
  })
}

/** Returns the single errors of a combined error, each with the shared facts, or else the error itself. */
export function partsOf(error: LocketError): readonly LocketError[] {
  const { code, facts, names, list } = error
  if (list.length > 0) return list.map((line) => new LocketError(code, line, { facts, names }))
  if (error.parts.length === 0) return [error]
  return error.parts.flatMap((part) => partsOf(addFacts(part, error.facts)))
}

/** Throws the errors as one combined error. Returns when the list is empty. */
export function throwErrors(errors: readonly LocketError[]): void {
  const [first, ...others] = errors
  if (first !== undefined) throw combineErrors([first, ...others])
}
