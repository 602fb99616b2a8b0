import { LocketError } from '../../core/vocabulary/errors.ts'
import { nearest } from '../../core/text/nearest.ts'
import { fieldKind, fieldsOf, type Field } from '../../settings/field.ts'
import { flagNames, parseFlags } from '../layers/flags.ts'
import { checkPositionals } from '../load.ts'
import { COMPOSE, COMPOSE_SECTIONS } from '../sections/compose.ts'

const ACTIONS = ['up', 'down', 'stop', 'metadata'] as const

/** One call of Docker Compose to a provider service. */
export interface ComposeCall {
  readonly action: (typeof ACTIONS)[number]
  /** Empty for `metadata`. */
  readonly service: string
  /** The command line. Flags have `-` as they are declared, although Compose keeps the `_` of an option. */
  readonly argv: readonly string[]
}

/** Names of the arguments that are not flags, for `checkPositionals`. */
export const COMPOSE_POSITIONALS = ['up|down|stop|metadata', '[SERVICE]'] as const

/** The options of a provider service: every flag except `--project-name`, which Compose adds itself. */
export const SERVICE_FIELDS: readonly Field[] = fieldsOf(COMPOSE_SECTIONS).filter(
  (field) => field.name !== COMPOSE.compose.fields.project.name,
)

/**
 * Returns the problem of a provider service without a variable. The caller puts the subject before it.
 * `environment`: true when Compose tells locket the `environment:` of the service.
 */
export function nothingToSet({ environment }: { readonly environment: boolean }): string {
  return environment
    ? 'no variable to set: give it environment: or the option env, env_file or secrets'
    : 'no variable to set: give it the option env, env_file or secrets'
}

/**
 * Tells whether a person typed the call. Docker Compose always gives the project's name and reads a pipe. It
 * calls `metadata` without the name.
 */
export function isTyped(argv: readonly string[], output: { readonly isTTY?: boolean }): boolean {
  if (output.isTTY === true) return true
  return argv[0] !== 'metadata' && !argv.some((word) => /^--project[-_]name(?:=|$)/.test(word))
}

/** Parses the words of a call. Reads no file and checks no value of a setting. Throws `usage`. */
export function parseComposeCall(given: readonly string[]): ComposeCall {
  const fields = fieldsOf(COMPOSE_SECTIONS)
  const argv = spelled(given, fields.flatMap(flagNames))
  const { positionals } = parseFlags('compose', fields, argv)
  checkPositionals('compose', COMPOSE_POSITIONALS, positionals)
  const [name = '', service = ''] = positionals
  const action = ACTIONS.find((known) => known === name)
  if (action === undefined) {
    const near = nearest(name, ACTIONS)
    throw new LocketError('usage', 'locket compose takes up, down, stop or metadata', {
      hint: near === undefined ? '`locket compose --help` tells more' : `did you mean ${near}?`,
    })
  }
  if (action !== 'metadata' && service === '')
    throw new LocketError('usage', `locket compose ${action}: SERVICE is missing`)
  return { action, service, argv }
}

/**
 * Returns the answer to `metadata`. Compose silently drops every option that is not in its list of
 * parameters.
 */
export function composeMetadata(): object {
  const none = { parameters: [] }
  return {
    description: 'Sets secrets as variables of the services that depend on this one',
    up: { parameters: SERVICE_FIELDS.flatMap(parametersOf) },
    down: none,
    stop: none,
  }
}

function parametersOf(field: Field): object[] {
  const names = flagNames(field).flatMap((name) => [name, name.replaceAll('-', '_')])
  return [...new Set(names)].map((name) => ({
    name,
    description: field.summary,
    required: false,
    type: fieldKind(field) === 'switch' ? 'boolean' : 'string',
    ...(field.default === undefined ? {} : { default: field.default }),
  }))
}

/** Returns the words with `-` instead of `_` in the names of known flags. Words after `--` stay unchanged. */
function spelled(argv: readonly string[], known: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, index) => {
    const [, name = '', rest = ''] = /^--([^=]+)(.*)$/s.exec(word) ?? []
    const declared = name.replaceAll('_', '-')
    const isFlag = (end === -1 || index < end) && known.includes(declared)
    return isFlag ? `--${declared}${rest}` : word
  })
}
