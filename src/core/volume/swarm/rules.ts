import { matchesGlob } from '../../text/glob.ts'
import { LocketError } from '../../vocabulary/errors.ts'
import type { SecretRef } from '../../vocabulary/ref.ts'
import { stackOf, type SecretRequest } from './secret-request.ts'

/** The keys of a rule that hold patterns, in the order of messages. */
export const RULE_KEYS = [
  'secrets',
  'references',
  'providers',
  'services',
  'stacks',
  'images',
  'labels',
  'nodes',
] as const
/** A key of a rule. */
export type RuleKey = (typeof RULE_KEYS)[number]

/**
 * One rule of the operator. It fits a request when every list that it has fits. A list fits when one of its
 * patterns does. `references` and `providers` fit
 * when each reference of the template has a pattern that fits its text, or its provider.
 */
export type SwarmRule = Readonly<Partial<Record<RuleKey, readonly string[]>>> & {
  readonly effect: 'allow' | 'deny'
}

/** A reference of a template: as it was written, and the name of the provider instance that it goes to. */
type RuledReference = Pick<SecretRef, 'text' | 'provider'>

/**
 * Returns when the rules let the task read the secret. `references`: those of its template.
 * Throws `denied` otherwise. Without any rule everything is allowed. With one, what no rule allows is denied,
 * and a rule that denies wins over all that allow.
 */
export function checkRules(
  rules: readonly SwarmRule[],
  request: SecretRequest,
  references: readonly RuledReference[],
): void {
  if (rules.length === 0) return
  if (rules.some((rule) => rule.references !== undefined)) refuseDots(request, references)
  const facts = factsOf(request)
  const fitting = rules.filter((rule) => fits(rule, facts, references))
  if (fitting.some(({ effect }) => effect === 'deny'))
    throw refusal('a rule of [[swarm.rules]] denies', request)
  if (fitting.length === 0) throw refusal('no rule of [[swarm.rules]] allows', request)
}

function factsOf(
  request: SecretRequest,
): Readonly<Record<Exclude<RuleKey, 'references' | 'providers'>, readonly string[]>> {
  const { secret, service, serviceLabels, image, node } = request
  const stack = stackOf(request)
  return {
    secrets: [secret],
    services: [service],
    stacks: stack === undefined ? [] : [stack],
    images: [image],
    labels: Object.entries(serviceLabels).map(([name, value]) => `${name}=${value}`),
    nodes: [node],
  }
}

/** A rule that denies fits when one of the references fits: a template with one more must not escape it. */
function fits(
  rule: SwarmRule,
  facts: ReturnType<typeof factsOf>,
  references: readonly RuledReference[],
): boolean {
  return RULE_KEYS.every((key) => {
    const patterns = rule[key]
    if (patterns === undefined) return true
    const isFit = (text: string) => patterns.some((pattern) => matchesGlob(pattern, text))
    if (key !== 'references' && key !== 'providers') return facts[key].some(isFit)
    const named = references.map(({ text, provider }) => (key === 'references' ? text : provider))
    return rule.effect === 'deny' ? named.some(isFit) : named.length > 0 && named.every(isFit)
  })
}

/** A reference with `..` could name something else than the beginning that a pattern allows. */
function refuseDots(request: SecretRequest, references: readonly RuledReference[]): void {
  const isDotted = (text: string) =>
    /(^|[/\\])\.{1,2}([/\\?#]|$)/.test(text.replace(/%2e/gi, '.').replace(/%(2f|5c)/gi, '/'))
  if (references.some(({ text }) => isDotted(text)))
    throw refusal('with rules for references, a path with . or .. does not let', request)
}

function refusal(reason: string, request: SecretRequest): LocketError {
  const { secret, service } = request
  const stack = stackOf(request)
  const of = stack === undefined ? '' : ` of stack ${stack}`
  return new LocketError('denied', `${reason} service ${service || '(unnamed)'}${of} to read ${secret}`, {
    hint: 'the rules are in locket.toml on each manager',
  })
}
