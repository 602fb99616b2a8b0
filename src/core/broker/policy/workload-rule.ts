import { matchesGlob } from '../../text/glob.ts'
import type { WorkloadRule } from '../records.ts'

/** The length of a pattern, and of a value that is compared with one. */
const MOST_CHARACTERS = 1024
/** Values of a list that are looked at. */
const MOST_VALUES = 100
const MOST_CLAIMS = 32
const NAME = /^[\x21-\x7e]{1,128}$/
/** Claims that the issuer's table decides about. */
const OF_ISSUER: readonly string[] = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti']

/**
 * Returns the name of the first claim that does not fit. Undefined: all of them fit. A claim fits when it is
 * a text, a number or a truth value that the pattern matches, or a list with one that does. In a pattern, `*`
 * stands for any characters. A rule without claims would fit every token of the issuer, so nothing fits it.
 */
export function unmetClaim(
  { claims: patterns }: WorkloadRule,
  claims: Readonly<Record<string, unknown>>,
): string | undefined {
  const wanted = Object.entries(patterns)
  if (wanted.length === 0) return 'any claim'
  return wanted.find(([name, pattern]) => !fits(pattern, claims, name))?.[0]
}

function fits(pattern: string, claims: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  const values: readonly unknown[] = Array.isArray(value) ? value.slice(0, MOST_VALUES) : [value]
  return values.some((one) => {
    const text = textOf(one)
    return text !== undefined && text.length <= MOST_CHARACTERS && matchesGlob(pattern, text)
  })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** Returns what is wrong with the claims of a rule. Undefined: nothing is. */
export function claimsProblem(claims: WorkloadRule['claims']): string | undefined {
  const wanted = Object.entries(claims)
  if (wanted.length === 0) return 'it needs at least one claim: otherwise every token of the issuer fits'
  if (wanted.length > MOST_CLAIMS) return `it has more than ${MOST_CLAIMS} claims`
  for (const [name, pattern] of wanted) {
    if (!NAME.test(name)) return `${JSON.stringify(name.slice(0, 80))} is not the name of a claim`
    if (OF_ISSUER.includes(name)) return `the claim ${name} is checked for every token already`
    if (pattern === '' || pattern.length > MOST_CHARACTERS)
      return `the pattern of ${name} has 1 to ${MOST_CHARACTERS} characters`
  }
  if (wanted.every(([, pattern]) => /^\*+$/.test(pattern)))
    return 'one of its claims must say more than *: otherwise every token of the issuer fits'
  return undefined
}
