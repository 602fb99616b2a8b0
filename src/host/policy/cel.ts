import { CelScalar, celEnv, celFunc, isCelError, mapType, objectType, plan } from '@bufbuild/cel'
import { isWithin, parseCidr } from '../../core/broker/addresses.ts'
import { NO_RULE, type Policy, type PolicyFile, type PolicyRule } from '../../core/broker/policy/rules.ts'
import type { ReadFacts } from '../../core/broker/seams.ts'
import { LocketError, onOneLine } from '../../core/vocabulary/errors.ts'
import { parseRule } from './rule-syntax.ts'

/** Milliseconds for the rules of one read. */
const MOST_DECIDING_MS = 1000
/** Values in the claims of one read, those in lists and objects too. A comprehension goes over them. */
const MOST_CLAIMS = 256
const LONGEST_ERROR = 200

const STRING = CelScalar.STRING
const ENVIRONMENT = celEnv({
  variables: {
    machine: STRING,
    project: STRING,
    secret: STRING,
    reference: STRING,
    ip: STRING,
    now: objectType('google.protobuf.Timestamp'),
    claims: mapType(STRING, CelScalar.DYN),
    context: mapType(STRING, STRING),
  },
  funcs: [
    celFunc('inNetwork', [STRING, STRING], CelScalar.BOOL, (ip, cidr) => {
      if (parseCidr(cidr) === undefined) throw new Error(`${cidr} is not a network like 10.0.0.0/8`)
      return isWithin(ip, [cidr])
    }),
  ],
})

type Bindings = Parameters<Run>[0]
type Run = ReturnType<typeof planRule>

/** Compiles a policy. See `CompilePolicy`. */
export function compilePolicy({ path, rules }: PolicyFile): Policy {
  const problems: string[] = []
  const compiled = rules.flatMap((rule) => {
    const read = planned(rule.when)
    if ('run' in read) return [{ rule, run: read.run }]
    problems.push(`${path} line ${rule.line}: the rule "${rule.name}": ${read.problem}`)
    return []
  })
  if (problems.length > 0)
    throw new LocketError('config', problems.join('; '), problems.length > 1 ? { list: problems } : {})
  const bind = createBinding()

  return {
    rules,
    decide(facts) {
      const start = performance.now()
      if (countValues(facts.claims, MOST_CLAIMS) > MOST_CLAIMS)
        return failed(undefined, `the claims have more than ${MOST_CLAIMS} values`)
      const bindings = bind(facts)
      for (const { rule, run } of compiled) {
        const result = evaluate(run, bindings)
        if (typeof result !== 'boolean') return failed(rule, result.error)
        if (result) return { isAllowed: rule.effect === 'allow', policy: rule.name }
        if (performance.now() - start > MOST_DECIDING_MS) return failed(rule, 'it takes too long')
      }
      return { isAllowed: false, policy: NO_RULE }
    },
  }
}

function planned(text: string): { readonly run: Run } | { readonly problem: string } {
  const read = parseRule(text, ENVIRONMENT)
  if ('problem' in read) return read
  try {
    return { run: planRule(read.expression) }
  } catch {
    return { problem: 'it cannot be compiled' }
  }
}

function planRule(expression: Parameters<typeof plan>[1]) {
  return plan(ENVIRONMENT, expression)
}

function failed(rule: PolicyRule | undefined, error: string) {
  const policy = rule === undefined ? 'the policy has failed' : `${rule.name} has failed`
  return { isAllowed: false, policy, error: onOneLine(error).slice(0, LONGEST_ERROR) }
}

function evaluate(run: Run, bindings: Bindings): boolean | { readonly error: string } {
  try {
    const result = run(bindings)
    if (typeof result === 'boolean') return result
    return { error: isCelError(result) ? sentence(result) : 'it gives neither true nor false' }
  } catch (thrown) {
    return { error: sentence(thrown) }
  }
}

/** The library answers to a key that a map of claims lacks with an error of JavaScript. */
function sentence(thrown: unknown): string {
  const { cause = thrown } = thrown instanceof Error ? thrown : {}
  if (thrown instanceof TypeError || cause instanceof TypeError) return 'a value that it needs is not there'
  return thrown instanceof Error ? thrown.message : 'it cannot be evaluated'
}

/** Returns the function that makes the variables of a read. All reads of a batch have the same time. */
function createBinding(): (facts: ReadFacts) => Bindings {
  const read = planned('timestamp(reference)')
  if ('problem' in read) throw new LocketError('internal', read.problem)
  let known: { readonly now: number; readonly time: unknown } | undefined

  return ({ machine, secret, address, now, claims = {}, context }) => {
    const { project, name, reference } = secret
    const others = {
      machine: machine.name,
      project,
      secret: name,
      ip: plainAddress(address),
      claims,
      context,
    }
    if (known?.now !== now)
      known = { now, time: read.run({ reference: new Date(now).toISOString() } as unknown as Bindings) }
    return { ...others, reference, now: known.time } as Bindings
  }
}

/** `::ffff:10.0.0.1` → `10.0.0.1`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** Counts values, and stops above `most`. */
function countValues(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 0
  for (const inner of Object.values(value)) {
    count += 1 + countValues(inner, most - count)
    if (count > most) break
  }
  return count
}
