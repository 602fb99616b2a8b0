import type { ParseRef } from '../core/template/template.ts'
import type { ProviderInstance } from '../providers/define.ts'
import { routeReferences } from '../providers/route.ts'
import { fieldsOf, RENDERING, RENDERING_SECTIONS } from './sections/commands.ts'
import { defaultLayer } from './layers/defaults.ts'
import { parseFlags } from './layers/flags.ts'
import { mergeLayers, parseSection, throwProblems, type Layer, type Problems } from './layers/layers.ts'
import {
  checkPositionals,
  parseSections,
  readLayers,
  type Loaded,
  type LoadRequest,
  type Sections,
} from './load.ts'
import { providerInstances } from './instances/provider-instances.ts'
import type { LogConfig } from './volume/volume-config.ts'
import { parseChosen } from './volume/volume-options.ts'

export interface RenderingRequest<S extends Sections> extends LoadRequest<S> {
  /** Its table in TOML files: `inject`. */
  readonly table: string
}

/** A command that renders templates: what it was told, and the providers that its references go to. */
export interface LoadedRendering<S extends Sections> extends Loaded<S> {
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  readonly log: LogConfig
  /** Where each setting came from, for messages about its entries. */
  readonly layer: Layer
}

/**
 * Flags, environment, the command's table of the configuration files, and defaults. Reads the configuration files, and nothing else. Throws
 * `usage`, or one `config` error of all that is wrong.
 */
export function loadRendering<S extends Sections>(request: RenderingRequest<S>): LoadedRendering<S> {
  const { name, table, argv, env, sections, isRoot = true } = request
  const fields = fieldsOf([...Object.values(sections), ...RENDERING_SECTIONS])
  const flags = parseFlags(name, fields, argv)
  checkPositionals(name, request.positionals ?? [], flags.positionals)
  const problems: Problems = []
  const user = { env, isRoot }
  const { documents, layers } = readLayers(flags.layer, { fields, table, env }, problems)
  const layer = mergeLayers({ ...layers, default: defaultLayer(fields, user) })
  const settings = parseSections(sections, (section) => parseSection(section, layer, problems))
  const log = parseSection(RENDERING.log, layer, problems)
  const providers = providerInstances({ layer, documents, user }, problems)
  const chosen = parseChosen(layer, providers, problems)
  throwProblems(problems)
  const { positionals } = flags
  return { settings, positionals, providers, parseRef: routeReferences(providers, chosen), log, layer }
}
