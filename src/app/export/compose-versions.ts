import { LocketError } from '../../core/vocabulary/errors.ts'

/** The first release of Docker Compose that takes variables without the service's name as their prefix. */
const FIRST_RAW = '5.2.0'
/** The first release of Docker Compose that tells a provider the `environment:` of its service. */
const FIRST_ENVIRONMENT = '5.6.0'
const WITHOUT_RAW = 'without raw each variable has the name of its service before its own'

/**
 * Checks whether this version of Docker Compose supports raw variable names. Returns undefined when it does,
 * and a warning when the version is unknown. Throws `usage` when the version is too old.
 */
export function rawSupport(version: string | undefined): string | undefined {
  const numbers = numbersOf(version ?? '')
  if (numbers === undefined) return `raw needs Docker Compose ${FIRST_RAW} or newer`
  const first = numbersOf(FIRST_RAW) ?? []
  const at = first.findIndex((number, index) => number !== numbers[index])
  if (at === -1 || (numbers[at] ?? 0) > (first[at] ?? 0)) return undefined
  throw new LocketError(
    'usage',
    `raw needs Docker Compose ${FIRST_RAW} or newer, and this is ${numbers.join('.')}`,
    { hint: WITHOUT_RAW },
  )
}

/** Throws `usage` unless the message types that Compose announced allow raw variable names. */
export function requireRaw(announced: ReadonlySet<string>): void {
  if (announced.has('rawsetenv')) return
  throw new LocketError('usage', 'raw needs rawsetenv, which the calling Docker Compose does not announce', {
    hint: WITHOUT_RAW,
  })
}

/**
 * Returns the hint for a service without a variable when Compose does not tell locket its `environment:`.
 * `version` is that of the calling Compose, if it is known.
 */
export function environmentNeeds(version: string | undefined): string {
  const numbers = numbersOf(version ?? '')
  const known = numbers === undefined ? '' : `, and this is ${numbers.join('.')}`
  return `the environment: of the service counts with Docker Compose ${FIRST_ENVIRONMENT} or newer${known}`
}

function numbersOf(version: string): number[] | undefined {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number)
}
