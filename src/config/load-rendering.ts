import type { ParseRef } from '../core/template/template.ts'
import type { ProviderInstance } from '../providers/define.ts'
import { routeReferences } from '../providers/route.ts'
import { fieldsOf } from '../settings/field.ts'
import { providerInstances } from './instances/provider-instances.ts'
import { defaultLayer } from './layers/defaults.ts'
import { exposedFlags, parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from './layers/layers.ts'
import type { TomlDocument } from './layers/toml.ts'
import {
  checkPositionals,
  parseSections,
  readLayers,
  type Loaded,
  type LoadRequest,
  type Sections,
} from './load.ts'
import type { SecretMapping } from './mapping/mapping.ts'
import { logSection } from './sections/log.ts'
import { RENDERING_SECTIONS } from './sections/rendering.ts'
import type { LogConfig } from './volume/volume-config.ts'
import { parseChosen } from './volume/volume-options.ts'

/** A `LoadRequest` of a command that renders. `name` is also the name of its table in configuration files. */
interface RenderingRequest<S extends Sections> extends LoadRequest<S> {
  /**
   * The tables of all commands, so that a misspelled table is an error and the table of another command is
   * not.
   */
  readonly tables: readonly string[]
  /** The table of the configuration files; left out: the one of the command's name. */
  readonly table?: string
  /**
   * Returns the mapping file that the settings of these sections choose; undefined if none is read. Adds to
   * `problems` what is wrong in it.
   */
  readonly map?: (
    settings: Loaded<S>['settings'],
    problems: Problems,
    positionals: readonly string[],
  ) => SecretMapping | undefined
}

/** The settings of a command that renders templates, and the providers of its references. */
interface LoadedRendering<S extends Sections> extends Loaded<S> {
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  readonly log: LogConfig
  /** The mapping file that was read. */
  readonly mapping: SecretMapping | undefined
  /** The kind or the instance that the setting `provider` names. */
  readonly chosen: string | undefined
  /** The flags that show a credential to other users. */
  readonly exposed: readonly string[]
  /** The origin of each setting, for messages about its entries. */
  readonly layer: Layer
  /** The configuration files that were read. */
  readonly documents: readonly TomlDocument[]
}

/**
 * Loads flags, environment, the command's table of the configuration files, and defaults. Reads the
 * configuration files and nothing else. Throws `usage`, or one `config` error that lists all that is wrong.
 */
export function loadRendering<S extends Sections>(request: RenderingRequest<S>): LoadedRendering<S> {
  const { name, argv, env, sections, tables, table = name, isRoot = true } = request
  const fields = fieldsOf([...Object.values(sections), ...RENDERING_SECTIONS])
  const flags = parseFlags(name, fields, argv)
  checkPositionals(name, request.positionals ?? [], flags.positionals)
  const problems: Problems = []
  const user = { env, isRoot }
  const { documents, layers } = readLayers(flags.layer, { fields, table, tables, env }, problems)
  const layer = mergeLayers({ ...layers, default: defaultLayer(fields, user) })
  const settings = parseSections(sections, (section) => parseSection(section, layer, problems))
  const log = parseSection(logSection, layer, problems)
  const mapping = request.map?.(settings, problems, flags.positionals)
  const all = [...documents, ...(mapping?.documents ?? [])]
  const providers = providerInstances({ layer, documents: all, user }, problems)
  const chosen = parseChosen(layer, providers, problems)
  throwProblems(problems)
  return {
    settings,
    positionals: flags.positionals,
    providers,
    parseRef: routeReferences(providers, chosen),
    log,
    mapping,
    chosen,
    exposed: exposedFlags(flags.layer, fields),
    layer,
    documents,
  }
}
