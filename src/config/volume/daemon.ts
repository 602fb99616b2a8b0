import { normalizePath } from '../../core/plan/paths.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { isCredentialFile } from '../../settings/kinds.ts'
import { VOLUME } from '../sections/commands.ts'
import type { DriverLimits } from './driver-limits.ts'
import { parseSection, throwProblems, type Given, type Layer, type Problems } from '../layers/layers.ts'
import { providerInstances, type ProviderSources } from '../instances/provider-instances.ts'
import { parseEntry } from '../entries/secret-entry.ts'
import type { DaemonConfig, LogConfig } from './volume-config.ts'
import { parseShared, volumeConfigWith } from './volume-options.ts'

/** Where a managed plugin keeps its state when nothing else is set and its config folder can be written. */
export const MANAGED_STATE = '/etc/locket/state'

/** What differs for a plugin that the engine runs: only its config folder outlives it, and no other folder of the host is there. */
export function managedDefaults(defaults: Layer): Layer {
  const layer = new Map(defaults)
  layer.delete(VOLUME.daemon.fields.stateDir.name)
  const roots: Given = { value: ['/etc/locket'], origin: 'default with --managed' }
  return layer.set(VOLUME.daemon.fields.templateRoots.name, roots)
}

export interface DaemonSources extends ProviderSources {
  /** What stands when nobody sets anything. */
  readonly defaults: Layer
  /** Absolute paths of what was read. */
  readonly configFiles: readonly string[]
}

export interface LoadedDaemon {
  readonly daemon: DaemonConfig
  readonly log: LogConfig
}

/**
 * The daemon out of its merged layers. All that volumes inherit is parsed here once, so that a wrong default stops the daemon and not
 * its volumes. Throws one `config` error of these and the earlier problems.
 */
export function daemonConfig(sources: DaemonSources, problems: Problems): LoadedDaemon {
  const parsed = parseDaemon(sources, problems)
  throwProblems(problems)
  return buildDaemon(sources, parsed)
}

/**
 * The same for whoever wants to know all that is wrong: `problems` takes it, and the daemon is what it would be without the wrong
 * settings.
 */
export function soundDaemonConfig(sources: DaemonSources, problems: Problems): LoadedDaemon {
  parseDaemon(sources, problems)
  const { layer, defaults } = sources
  const isSound = (setting: readonly [string, Given]) => {
    const found: Problems = []
    parseDaemon({ ...sources, documents: [], layer: new Map([...defaults, setting]) }, found)
    return found.length === 0
  }
  const sound = { ...sources, layer: new Map([...defaults, ...[...layer].filter(isSound)]) }
  return buildDaemon(sound, parseDaemon(sound, []))
}

interface ParsedDaemon {
  readonly daemon: SettingsOf<typeof VOLUME.daemon>
  readonly log: LogConfig
  readonly providers: readonly ProviderInstance[]
  readonly files: readonly RequestedFile[]
}

function parseDaemon(sources: ProviderSources, problems: Problems): ParsedDaemon {
  const { layer } = sources
  const daemon = parseSection(VOLUME.daemon, layer, problems)
  const log = parseSection(VOLUME.log, layer, problems)
  const providers = providerInstances(sources, problems)
  const secrets = layer.get(VOLUME.volume.fields.secrets.name)
  const files = [secrets?.value ?? []].flat().flatMap((entry) => {
    const file = parseEntry(entry, secrets?.origin ?? '', problems)
    return file === undefined ? [] : [file]
  })
  parseShared(layer, providers, problems)
  return { daemon, log, providers, files }
}

function buildDaemon(
  { layer, configFiles }: DaemonSources,
  { daemon, log, providers, files }: ParsedDaemon,
): LoadedDaemon {
  const limits = limitsOf(daemon, providers, configFiles)
  const { socket, stateDir, runtimeDir, managed, resetState, lingerMs } = daemon
  const volumeConfig = volumeConfigWith({ layer, providers, files, limits })
  return {
    daemon: { socket, stateDir, runtimeDir, managed, resetState, cacheTtlMs: lingerMs, volumeConfig },
    log,
  }
}

function limitsOf(
  daemon: SettingsOf<typeof VOLUME.daemon>,
  providers: readonly ProviderInstance[],
  configFiles: readonly string[],
): DriverLimits {
  const roots = daemon.templateRoots?.map(normalizePath)
  const stateDir = daemon.stateDir ?? MANAGED_STATE
  return {
    ...(roots === undefined ? {} : { roots }),
    allowInlineToken: daemon.allowInlineToken,
    ownFiles: new Set([...configFiles, ...providers.flatMap(filesOf)].map(normalizePath)),
    ownFolders: [stateDir, daemon.runtimeDir].map(normalizePath),
  }
}

/** Files that the daemon's settings for a provider name, and those that it reads anyway. */
function filesOf({ def, settings }: ProviderInstance): string[] {
  const named = Object.entries(def.settings.fields).flatMap(([key, field]) => {
    const value = settings[key]
    if (field.file === true && typeof value === 'string') return [value]
    return field.credential === true && isCredentialFile(value) ? [value.path] : []
  })
  return [...named, ...(def.ownFiles ?? [])]
}
