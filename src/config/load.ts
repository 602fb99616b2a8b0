import { LocketError } from '../core/vocabulary/errors.ts'
import { fieldsOf, type Field, type Section, type SettingsOf } from '../settings/field.ts'
import { namesOf, readConfigFiles } from './layers/config-files.ts'
import { defaultLayer } from './layers/defaults.ts'
import { envLayer, type Env } from './layers/env.ts'
import { exposedFlags, helpOn, parseFlags } from './layers/flags.ts'
import {
  mergeLayers,
  parseSection,
  problemsError,
  throwProblems,
  type Layer,
  type Problems,
} from './layers/layers.ts'
import { openToml, tomlLayer } from './layers/toml.ts'
import { daemonSection } from './sections/daemon.ts'
import { VOLUME_SECTIONS } from './sections/volume.ts'
import {
  daemonConfig,
  managedDefaults,
  soundDaemonConfig,
  type DaemonSources,
  type LoadedDaemon,
} from './volume/daemon.ts'

/** The sections of a command. The keys are those of its parsed settings. */
export type Sections = Readonly<Record<string, Section>>

/** The command line and the environment from which a command loads its settings. */
export interface LoadRequest<S extends Sections> {
  /** The command's name, for messages: `secret set`. */
  readonly name: string
  readonly sections: S
  /** The arguments after the command's name. */
  readonly argv: readonly string[]
  readonly env: Env
  /**
   * Names of the arguments that are not flags: `PATH` is required, `[PATH]` is optional, `PATH...` takes the
   * rest.
   */
  readonly positionals?: readonly string[]
  /** Advice about an argument too many. Undefined: how to get help. */
  readonly surplus?: string | undefined
  /** False: defaults of paths are in the home directory. Default true. */
  readonly isRoot?: boolean
}

/** The settings of a command and its arguments that are not flags. */
export interface Loaded<S extends Sections> {
  /** The parsed settings, by the keys of `sections`. */
  readonly settings: { readonly [K in keyof S]: SettingsOf<S[K]> }
  readonly positionals: readonly string[]
}

/**
 * Loads the settings of a command without a configuration file: flags, environment and defaults. Throws
 * `usage`, or one `config` error that lists all that is wrong.
 */
export function loadCommand<S extends Sections>(request: LoadRequest<S>): Loaded<S> {
  const { name, argv, env, isRoot = true } = request
  const fields = fieldsOf(Object.values(request.sections))
  const flags = parseFlags(name, fields, argv)
  checkPositionals(name, request.positionals ?? [], flags.positionals, request.surplus)
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

/** The configuration file of a host. A managed plugin sees it when its operator has mounted the folder. */
export const HOST_CONFIG = '/etc/locket/locket.toml'

/** The command line and the environment from which the daemon's settings are read. */
export interface VolumeRequest {
  readonly argv: readonly string[]
  readonly env: Env
  /** See `RenderingRequest`. */
  readonly tables: readonly string[]
  /** Replaces the path of a managed plugin's configuration file, for tests. */
  readonly managedConfig?: string | undefined
}

/**
 * Loads the configuration of `locket volume`. Reads the configuration files and nothing else. Throws `usage`,
 * or one `config` error that lists all that is wrong. A managed plugin gets that error as `fault`, beside the
 * configuration without the wrong settings: it must start, so that Create and Mount can say what is wrong.
 */
export function loadVolumeCommand(
  request: VolumeRequest,
): LoadedDaemon & { readonly fault?: LocketError | undefined; readonly exposed: readonly string[] } {
  const fields = fieldsOf(VOLUME_SECTIONS)
  const flags = parseFlags('volume', fields, request.argv)
  const exposed = exposedFlags(flags.layer, fields)
  checkPositionals('volume', [], flags.positionals)
  const { sources, problems } = volumeSources(flags.layer, request)
  if (!isManaged(flags.layer)) return { ...daemonConfig(sources, problems), exposed }
  const loaded = soundDaemonConfig(sources, problems)
  return { ...loaded, exposed, fault: managedFault(problemsError(problems)) }
}

/** The merged sources of the daemon's settings. */
interface VolumeSources {
  readonly sources: DaemonSources
  /** The problems found so far. The values are not parsed yet. */
  readonly problems: Problems
  /** The configuration files that were read. */
  readonly files: readonly string[]
}

/** Reads and merges the sources of the daemon's settings. Collects problems and throws nothing for them. */
export function volumeSources(
  flags: Layer,
  { env, tables, managedConfig = HOST_CONFIG, hostConfig }: SourcesRequest,
): VolumeSources {
  const fields = fieldsOf(VOLUME_SECTIONS)
  const problems: Problems = []
  const managed = isManaged(flags)
  const ifThere = managed ? managedConfig : hostConfig
  const given = readLayers(flags, { fields, table: 'volume', tables, env, ifThere }, problems)
  const user = { env, isRoot: true }
  const common = defaultLayer(fields, user)
  const defaults = managed ? managedDefaults(common) : common
  const layer = mergeLayers({ ...given.layers, default: defaults })
  const { documents } = given
  return {
    sources: { layer, defaults, documents, user, configFiles: given.files.flatMap(namesOf) },
    problems,
    files: given.files.map(({ path }) => path),
  }
}

interface SourcesRequest extends Omit<VolumeRequest, 'argv'> {
  /** A configuration file that is read too. */
  readonly hostConfig?: string | undefined
}

/** Returns the error with the way to change a setting of a plugin, which must be off for that. */
function managedFault(error: LocketError | undefined): LocketError | undefined {
  const hint =
    'correct it in locket.toml, or with docker plugin set while the plugin is off: docker plugin disable -f, docker plugin enable'
  return error && new LocketError(error.code, error.reason, { hint })
}

function isManaged(flags: Layer): boolean {
  return flags.get(daemonSection.fields.managed.name)?.value === 'true'
}

interface LayersRequest {
  readonly fields: readonly Field[]
  /** The command's own table. */
  readonly table: string
  /** The tables of all commands. */
  readonly tables: readonly string[]
  readonly env: Env
  /** One more configuration file that need not exist. */
  readonly ifThere?: string | undefined
}

/**
 * Returns the layers of a command's settings: flags, environment, and the command's table of the
 * configuration files. Adds to `problems` what is wrong.
 */
export function readLayers(
  flags: Layer,
  { fields, table, tables, env, ifThere }: LayersRequest,
  problems: Problems,
) {
  const environment = envLayer(fields, env, problems)
  const files = readConfigFiles(mergeLayers({ flag: flags, environment }), ifThere, problems)
  const documents = files.map((file) => openToml(file, tables, problems))
  const toml = new Map(documents.flatMap((document) => [...tomlLayer(document, table, fields, problems)]))
  return { files, documents, layers: { flag: flags, environment, toml } }
}

/** Parses several sections and returns their settings by the keys of `sections`. */
export function parseSections<S extends Sections>(
  sections: S,
  parse: (section: Section) => unknown,
): Loaded<S>['settings'] {
  // The keys are those of the mapped type.
  return Object.fromEntries(
    Object.entries(sections).map(([key, section]) => [key, parse(section)]),
  ) as Loaded<S>['settings']
}

/** Checks the arguments that are not flags. `names` are as in `LoadRequest.positionals`. Throws `usage`. */
export function checkPositionals(
  command: string,
  names: readonly string[],
  given: readonly string[],
  surplus: string = helpOn(command),
): void {
  const missing = names.slice(given.length).find((name) => !name.startsWith('['))
  if (missing !== undefined)
    throw new LocketError('usage', `locket ${command}: ${missing.replace('...', '')} is missing`, {
      hint: helpOn(command),
    })
  if (names.at(-1)?.includes('...') === true || given.length <= names.length) return
  // The message does not repeat the argument: it may be a secret in the wrong place.
  throw new LocketError(
    'usage',
    names.length === 0
      ? `locket ${command} takes only flags`
      : `locket ${command} takes ${names.join(' ')} and nothing more`,
    { hint: surplus },
  )
}
