import type { ReadFacts, Verdict } from '../seams.ts'

/** The effect of a rule on the reads that it matches. */
type PolicyEffect = 'allow' | 'deny'

/** One rule of a policy. */
export interface PolicyRule {
  /** It is unique in its policy. */
  readonly name: string
  /** A CEL expression that gives true or false. */
  readonly when: string
  readonly effect: PolicyEffect
  /** The line of `when`, or of the rule, counted from 1. */
  readonly line: number
}

/** A read that the operator has thought of, with the decision that it must get. */
export interface PolicyExample {
  readonly facts: ReadFacts
  readonly effect: PolicyEffect
  /** The rule that must decide. Left out: any. */
  readonly rule?: string
  /** The line of its table, counted from 1. */
  readonly line: number
}

/** A policy file that was read. Its rules are not compiled yet. */
export interface PolicyFile {
  readonly path: string
  readonly rules: readonly PolicyRule[]
  readonly examples: readonly PolicyExample[]
}

/** The decision about a read. */
interface PolicyDecision extends Verdict {
  /** The reason why the deciding rule could not be evaluated. */
  readonly error?: string
}

/** A policy whose rules are compiled. */
export interface Policy {
  readonly rules: readonly PolicyRule[]
  /** The first rule that matches decides. No rule matches, or a rule fails: denied. */
  decide(facts: ReadFacts): PolicyDecision
}

/** Compiles the rules. Throws a `config` error that lists all that is wrong, with file and line. */
export type CompilePolicy = (file: PolicyFile) => Policy

/** Names in the audit that are not rules. A rule may not have them. */
export const NO_RULE = 'no rule'
const OTHER_NAMES: readonly string[] = [NO_RULE, 'no grant', 'grant', 'none']

const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._:/-]{0,62}[\p{L}\p{N}])?$/u

/** True for a name that a rule may have. */
export function isRuleName(name: string): boolean {
  return NAME.test(name) && !OTHER_NAMES.includes(name)
}
