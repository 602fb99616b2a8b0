import { counted } from '../../core/text/units.ts'
import { onOneLine } from '../../core/vocabulary/errors.ts'
import type { Policy, PolicyExample, PolicyFile } from '../../core/broker/policy/rules.ts'

/** The result of one example. */
interface ExampleResult {
  readonly example: PolicyExample
  readonly effect: 'allow' | 'deny'
  /** The rule that decided, as it is in the audit. */
  readonly rule: string
  /** The reason why the rule could not be evaluated. */
  readonly error?: string
  readonly isGood: boolean
}

/** The result of a check. */
interface PolicyReport {
  readonly path: string
  readonly rules: number
  readonly examples: readonly ExampleResult[]
  /** Names of rules that decide in no example. */
  readonly unreached: readonly string[]
}

/**
 * Runs the examples of a file against its rules. An example in which a rule fails is wrong, although the read
 * is denied then.
 */
export function checkPolicy({ path, examples, rules }: PolicyFile, policy: Policy): PolicyReport {
  const results = examples.map((example): ExampleResult => {
    const { isAllowed, policy: rule, error } = policy.decide(example.facts)
    const effect = isAllowed ? 'allow' : 'deny'
    const isExpected = effect === example.effect && (example.rule === undefined || example.rule === rule)
    const isGood = isExpected && error === undefined
    return { example, effect, rule, isGood, ...(error === undefined ? {} : { error }) }
  })
  const reached = new Set(results.map(({ rule }) => rule))
  const unreached = rules.filter(({ name }) => !reached.has(name)).map(({ name }) => name)
  return { path, rules: rules.length, examples: results, unreached }
}

/** True when each example is as expected. */
export function isGoodPolicy({ examples }: PolicyReport): boolean {
  return examples.every(({ isGood }) => isGood)
}

/** Returns the report for people. */
export function policyText({ path, rules, examples, unreached }: PolicyReport): string {
  const wrong = examples.filter(({ isGood }) => !isGood)
  const lines = [
    ...wrong.map(
      (result) => `${path} line ${result.example.line}: ${describe(result.example)}: ${difference(result)}`,
    ),
    ...unreached.map((name) => `note: no example is decided by the rule ${JSON.stringify(name)}`),
    `${path}: ${counted(rules, 'rule')}, ${counted(examples.length, 'example')}, ${wrong.length} wrong`,
  ]
  return lines.map((line) => `${onOneLine(line)}\n`).join('')
}

/** Returns the report as one JSON document. */
export function policyJson({ path, rules, examples, unreached }: PolicyReport): string {
  const shown = examples.map(({ example, effect, rule, error, isGood }) => ({
    line: example.line,
    ok: isGood,
    expected: { effect: example.effect, rule: example.rule },
    got: { effect, rule, error },
  }))
  const ok = examples.every(({ isGood }) => isGood)
  return `${JSON.stringify({ ok, path, rules, unreached, examples: shown }, undefined, 2)}\n`
}

function describe({ facts: { machine, secret } }: PolicyExample): string {
  return `${machine.name} reads ${secret.project}/${secret.name}`
}

function difference({ example, effect, rule, error }: ExampleResult): string {
  const expected = example.rule === undefined ? example.effect : `${example.effect} by ${example.rule}`
  return `expected ${expected}, got ${effect} by ${rule}${error === undefined ? '' : ` (${error})`}`
}
