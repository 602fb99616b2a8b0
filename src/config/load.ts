import { LocketError } from '../core/vocabulary/errors.ts'
import type { Field, Section, SettingsOf } from '../settings/field.ts'
import { namesOf, readConfigFiles } from './layers/config-files.ts'
import { fieldsOf, VOLUME, VOLUME_SECTIONS } from './sections/commands.ts'
import { daemonConfig, managedDefaults, type DaemonSources, type LoadedDaemon } from './volume/daemon.ts'
import { defaultLayer } from './layers/defaults.ts'
import { envLayer, type Env } from './layers/env.ts'
import { helpOn, parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from './layers/layers.ts'
import { openToml, tomlLayer } from './layers/toml.ts'

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
  const fields = fieldsOf(Object.values(request.sections))
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

/** The configuration file of a managed plugin, in the folder that its operator may have mounted. */
const MANAGED_CONFIG = '/etc/locket/locket.toml'

/** All of `locket volume`'s configuration. Reads the configuration files, and nothing else. Throws `usage` or `config`. */
export function loadVolumeCommand(argv: readonly string[], env: Env, managedConfig?: string): LoadedDaemon {
  const fields = fieldsOf(VOLUME_SECTIONS)
  const flags = parseFlags('volume', fields, argv)
  checkPositionals('volume', [], flags.positionals)
  const { sources, problems } = volumeSources(flags.layer, env, managedConfig)
  return daemonConfig(sources, problems)
}

export interface VolumeSources {
  readonly sources: DaemonSources
  /** What is wrong so far; the values are not parsed yet. */
  readonly problems: Problems
}

/** The sources of `locket volume`'s settings, merged. */
export function volumeSources(flags: Layer, env: Env, managedConfig: string = MANAGED_CONFIG): VolumeSources {
  const fields = fieldsOf(VOLUME_SECTIONS)
  const problems: Problems = []
  const isManaged = flags.get(VOLUME.daemon.fields.managed.name)?.value === 'true'
  const ifThere = isManaged ? managedConfig : undefined
  const given = readLayers(flags, { fields, table: 'volume', env, ifThere }, problems)
  const user = { env, isRoot: true }
  const common = defaultLayer(fields, user)
  const defaults = isManaged ? managedDefaults(common) : common
  const layer = mergeLayers({ ...given.layers, default: defaults })
  const { documents } = given
  return {
    sources: { layer, defaults, documents, user, configFiles: given.files.flatMap(namesOf) },
    problems,
  }
}

/** What a user gave one command: flags, environment, and its `table` of the configuration files. `ifThere`: see readConfigFiles. */
export function readLayers(
  flags: Layer,
  {
    fields,
    table,
    env,
    ifThere,
  }: {
    readonly fields: readonly Field[]
    readonly table: string
    readonly env: Env
    readonly ifThere?: string | undefined
  },
  problems: Problems,
) {
  const environment = envLayer(fields, env, problems)
  const files = readConfigFiles(mergeLayers({ flag: flags, environment }), ifThere, problems)
  const documents = files.map((file) => openToml(file, problems))
  const toml = new Map(documents.flatMap((document) => [...tomlLayer(document, table, fields, problems)]))
  return { files, documents, layers: { flag: flags, environment, toml } }
}

/** Of several sections at once, by their keys. */
export function parseSections<S extends Sections>(
  sections: S,
  parse: (section: Section) => unknown,
): Loaded<S>['settings'] {
  // Key by key what the mapped type says.
  return Object.fromEntries(
    Object.entries(sections).map(([key, section]) => [key, parse(section)]),
  ) as Loaded<S>['settings']
}

/** Throws `usage`. `names`: see LoadRequest. */
export function checkPositionals(command: string, names: readonly string[], given: readonly string[]): void {
  const missing = names.slice(given.length).find((name) => !name.startsWith('['))
  if (missing !== undefined)
    throw new LocketError('usage', `locket ${command}: ${missing.replace('...', '')} is missing`, {
      hint: helpOn(command),
    })
  if (names.at(-1)?.includes('...') === true || given.length <= names.length) return
  // Not repeated in the message: it may be the secret's value, given where it must not be.
  throw new LocketError(
    'usage',
    `locket ${command} takes ${names.join(' ') || 'no arguments'} and nothing more`,
    { hint: helpOn(command) },
  )
}
