import { LocketError } from '../core/errors.ts'
import type { Section, SettingsOf } from '../settings/field.ts'
import { defaultLayer } from './defaults.ts'
import { envLayer, type Env } from './env.ts'
import { parseFlags } from './flags.ts'
import { mergeLayers, parseSection, throwProblems, type Problems } from './layers.ts'

export type Sections = Readonly<Record<string, Section>>

export interface LoadRequest<S extends Sections> {
  /** For messages: `secret set`. */
  readonly name: string
  readonly sections: S
  /** What follows the command's name. */
  readonly argv: readonly string[]
  readonly env: Env
  /** Names of what may stand beside flags: `PATH` must be given, `[PATH]` may be left out, `PATH...` takes the rest. */
  readonly positionals?: readonly string[]
  /** Defaults of a user who is not root lie in his own folder. */
  readonly isRoot?: boolean
}

export interface Loaded<S extends Sections> {
  /** By the keys of `sections`. */
  readonly settings: { readonly [K in keyof S]: SettingsOf<S[K]> }
  readonly positionals: readonly string[]
}

/** Flags, environment and defaults of a command without a configuration file. Throws `usage` or `config`. */
export function loadCommand<S extends Sections>(request: LoadRequest<S>): Loaded<S> {
  const { name, argv, env, isRoot = true } = request
  const fields = Object.values(request.sections).flatMap((section) => Object.values(section.fields))
  const flags = parseFlags(name, fields, argv)
  checkPositionals(name, request.positionals ?? [], flags.positionals)
  const problems: Problems = []
  const layer = mergeLayers({
    flag: flags.layer,
    environment: envLayer(fields, env, problems),
    default: defaultLayer(fields, { env, isRoot }),
  })
  const settings = parseSections(request.sections, (section) => parseSection(section, layer, problems))
  throwProblems(problems)
  return { settings, positionals: flags.positionals }
}

function parseSections<S extends Sections>(
  sections: S,
  parse: (section: Section) => unknown,
): Loaded<S>['settings'] {
  // Key by key what the mapped type says.
  return Object.fromEntries(
    Object.entries(sections).map(([key, section]) => [key, parse(section)]),
  ) as Loaded<S>['settings']
}

function checkPositionals(command: string, names: readonly string[], given: readonly string[]): void {
  const missing = names.slice(given.length).find((name) => !name.startsWith('['))
  if (missing !== undefined)
    throw new LocketError('usage', `locket ${command}: ${missing.replace('...', '')} is missing`)
  if (names.at(-1)?.includes('...') === true || given.length <= names.length) return
  // Not repeated in the message: it may be the secret's value, given where it must not be.
  throw new LocketError(
    'usage',
    `locket ${command} takes ${names.join(' ') || 'no arguments'} and nothing more`,
  )
}
