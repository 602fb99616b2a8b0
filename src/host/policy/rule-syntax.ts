import { parse, plan, type CelEnv } from '@bufbuild/cel'
import { parseCidr } from '../../core/broker/addresses.ts'

type Parsed = ReturnType<typeof parse>
type Expression = Parsed['expr']

/** The result of reading an expression. */
type ReadRule = { readonly expression: Parsed } | { readonly problem: string }

/** Limits of one expression. */
const MOST_CHARACTERS = 1000
const DEEPEST_BRACKETS = 32
/** Macros like `exists` inside each other. */
const DEEPEST_MACROS = 2

/** Names that CEL itself has. */
const TYPES = new Set(
  'bool bytes double duration int list map null_type string timestamp type uint'.split(' '),
)

/** Parses an expression, and checks its limits, the names in it, and patterns and networks in quotes. */
export function parseRule(text: string, environment: CelEnv): ReadRule {
  if (text.length > MOST_CHARACTERS) return { problem: `it has more than ${MOST_CHARACTERS} characters` }
  if (depthOfBrackets(text) > DEEPEST_BRACKETS)
    return { problem: `it has more than ${DEEPEST_BRACKETS} brackets inside each other` }
  let expression: Parsed
  try {
    expression = parse(text)
  } catch (thrown) {
    return { problem: syntaxProblem(thrown) }
  }
  const problem = problemIn(expression.expr, { environment, bound: new Set(), macros: 0 })
  return problem === undefined ? { expression } : { problem }
}

/** The parser takes a long time for many open brackets. Brackets in quotes count too. */
function depthOfBrackets(text: string): number {
  let [depth, deepest] = [0, 0]
  for (const character of text) {
    if ('([{'.includes(character)) depth += 1
    else if (')]}'.includes(character)) depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function syntaxProblem(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : ''
  const [, line, column, says] = /^<input>:(\d+):(\d+): ([^\n]*)/.exec(message) ?? []
  if (says === undefined) return 'it is not an expression of CEL'
  return `line ${line}, character ${column} of the expression: ${says.slice(0, 120)}`
}

interface Scope {
  readonly environment: CelEnv
  /** The variables of the macros around. */
  readonly bound: ReadonlySet<string>
  readonly macros: number
}

/** Returns the first problem in an expression. */
function problemIn(expression: Expression | undefined, scope: Scope): string | undefined {
  const kind = expression?.exprKind
  switch (kind?.case) {
    case 'identExpr':
      return nameProblem(kind.value.name, scope)
    case 'selectExpr':
      return problemIn(kind.value.operand, scope)
    case 'listExpr':
      return firstProblem(kind.value.elements, scope)
    case 'structExpr':
      if (kind.value.messageName !== '') return `${kind.value.messageName} is not a type that rules have`
      return firstProblem(
        kind.value.entries.flatMap(({ keyKind, value }) => [
          ...(keyKind.case === 'mapKey' ? [keyKind.value] : []),
          value,
        ]),
        scope,
      )
    case 'callExpr':
      return callProblem(kind.value, scope) ?? firstProblem([kind.value.target, ...kind.value.args], scope)
    case 'comprehensionExpr': {
      const { iterRange, accuInit, accuVar, iterVar, iterVar2, loopCondition, loopStep, result } = kind.value
      const macros = scope.macros + 1
      if (macros > DEEPEST_MACROS) return `it has more than ${DEEPEST_MACROS} macros inside each other`
      const bound = new Set([...scope.bound, accuVar, iterVar, iterVar2])
      return (
        firstProblem([iterRange, accuInit], scope) ??
        firstProblem([loopCondition, loopStep, result], { ...scope, bound, macros })
      )
    }
    default:
      return undefined
  }
}

function firstProblem(expressions: readonly (Expression | undefined)[], scope: Scope): string | undefined {
  for (const expression of expressions) {
    const problem = problemIn(expression, scope)
    if (problem !== undefined) return problem
  }
  return undefined
}

function nameProblem(name: string, { environment, bound }: Scope): string | undefined {
  if (bound.has(name) || TYPES.has(name) || environment.variables.find(name) !== undefined) return undefined
  return `there is no variable ${name}`
}

type Call = Extract<Expression['exprKind'], { case: 'callExpr' }>['value']

function callProblem({ function: name, args, target }: Call, { environment }: Scope): string | undefined {
  const isOperator = /^[@!_-]|_$/.test(name)
  if (!isOperator && environment.funcs.find(name) === undefined) return `there is no function ${name}`
  const last = textOf(args.at(-1))
  if (last === undefined) return undefined
  if (name === 'inNetwork' && parseCidr(last) === undefined) return `${last} is not a network like 10.0.0.0/8`
  const isPattern = name === 'matches' && args.length === (target === undefined ? 2 : 1)
  return isPattern ? patternProblem(last, environment) : undefined
}

function textOf(expression: Expression | undefined): string | undefined {
  const kind = expression?.exprKind
  if (kind?.case !== 'constExpr' || kind.value.constantKind.case !== 'stringValue') return undefined
  return kind.value.constantKind.value
}

function patternProblem(pattern: string, environment: CelEnv): string | undefined {
  const result: unknown = plan(environment, parse(`"".matches(${JSON.stringify(pattern)})`))({})
  return typeof result === 'boolean' ? undefined : `${JSON.stringify(pattern)} is not a pattern of RE2`
}
