/**
 * Facts about an error, for the line that users read and for programs. Never a value, a body or a template's
 * text.
 */
export interface ErrorFacts {
  /** Name of the volume that was worked on. */
  readonly volume?: string | undefined
  /** The step that failed, as words that are printed after the volume's name: `not mounted`. */
  readonly undone?: string | undefined
  /** Name of a secret of a Swarm. */
  readonly secret?: string | undefined
  /** Name of the service of a compose file. */
  readonly service?: string | undefined
  /** Setting, flag or file that asked for the work: `secret api-key`, `flag --env DB_PASSWORD`. */
  readonly origin?: string | undefined
  /** File that was read or written. */
  readonly path?: string | undefined
  /** Line in the text of the origin or the path, counted from 1. */
  readonly line?: number | undefined
  /** Column in that line, counted from 1 in characters. */
  readonly column?: number | undefined
  /** References that have no value because of the error, as the user wrote them. */
  readonly references?: readonly string[] | undefined
  /** Name of the provider instance. */
  readonly provider?: string | undefined
  /** HTTP status of the answer, which the reason says. Undefined: there was no answer, or it is not known. */
  readonly status?: number | undefined
}

/** Name of a fact. */
export type ErrorFactName = keyof ErrorFacts

/** The parts of an error's line. */
interface ErrorParts {
  readonly reason: string
  readonly hint?: string | undefined
  readonly facts: ErrorFacts
  /** Facts that the reason says in its own words. */
  readonly names: readonly ErrorFactName[]
  /** The errors that this one combines. Their sentences replace the reason. */
  readonly parts: readonly ErrorParts[]
}

/**
 * Returns one sentence without the hint: the facts, then the reason. A fact is left out when the reason names
 * it, or when `beside` holds it, because the reader sees it elsewhere. Control characters are kept.
 */
export function errorSentence({ reason, facts, names, parts }: ErrorParts, beside: ErrorFacts = {}): string {
  const isNew = ([name, value]: [string, unknown]): boolean =>
    !names.includes(name as ErrorFactName) &&
    !isSameFact(value, beside[name as ErrorFactName]) &&
    !(name === 'provider' && namesProvider(facts))
  const told: ErrorFacts = Object.fromEntries(Object.entries(facts).filter(isNew))
  const prefix = prefixes(told).map((text) => `${text}: `)
  const seen = { ...beside, ...told }
  const body = parts.map((part) => withHint(errorSentence(part, seen), part.hint))
  return [...prefix, body.length === 0 ? reason : body.join('; ')].join('')
}

/** Returns `SENTENCE (HINT)`. */
export function withHint(sentence: string, hint: string | undefined): string {
  return hint === undefined ? sentence : `${sentence} (${hint})`
}

/** Returns the facts that are equal in all of the given sets. */
export function sharedFacts([first, ...others]: readonly ErrorFacts[]): ErrorFacts {
  const shared = Object.entries(first ?? {}).filter(([name, value]) =>
    others.every((facts) => isSameFact(facts[name as ErrorFactName], value)),
  )
  return Object.fromEntries(shared)
}

function prefixes({
  volume,
  undone,
  secret,
  service,
  origin,
  path,
  line,
  column,
  ...asked
}: ErrorFacts): string[] {
  return [
    [volume === undefined ? undefined : `volume ${volume}`, undone],
    [secret === undefined ? undefined : `Swarm secret ${secret}`],
    [service === undefined ? undefined : `service ${service}`],
    [origin],
    [path],
    [lineText(line, column)],
    [referenceText(asked)],
  ].flatMap((words) => words.filter((word) => word !== undefined).join(' ') || [])
}

function lineText(line: number | undefined, column: number | undefined): string | undefined {
  if (line === undefined) return undefined
  return column === undefined ? `line ${line}` : `line ${line}, column ${column}`
}

/** `op://v/i/a and op://v/i/b (op-connect)` */
function referenceText({ references = [], provider }: ErrorFacts): string | undefined {
  if (references.length === 0) return provider
  return provider === undefined ? listed(references) : `${listed(references)} (${provider})`
}

/** Every reference begins with the provider's name: `local://a`, `second+op://v/i/f`. */
function namesProvider({ references = [], provider }: ErrorFacts): boolean {
  const begins = (text: string) => text.startsWith(`${provider}:`) || text.startsWith(`${provider}+`)
  return references.length > 0 && references.every(begins)
}

function listed(texts: readonly string[]): string {
  const last = texts.at(-1) ?? ''
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`
}

function isSameFact(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((text, index) => text === b[index])
  return a === b
}
