import { normalizePath } from '../core/absolute-path.ts'
import type { SecretFile } from '../core/plan.ts'
import { PROVIDERS } from '../providers/index.ts'
import { createInstance } from '../providers/instance.ts'
import type { ProviderInstance } from '../providers/define.ts'
import type { SettingsOf } from '../settings/field.ts'
import type { Credential } from '../settings/kinds.ts'
import { VOLUME } from './commands.ts'
import type { DriverLimits } from './driver-limits.ts'
import { parseSection, throwProblems, type Given, type Layer, type Problems } from './layers.ts'
import { parseEntry } from './secret-entry.ts'
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

export interface LoadedDaemon {
  readonly daemon: DaemonConfig
  readonly log: LogConfig
}

/**
 * The daemon out of its merged layers. All that volumes inherit is parsed here once, so that a wrong default stops the daemon and not
 * its volumes. Throws one `config` error of these and the earlier problems. `configFiles`: absolute paths of what was read.
 */
export function daemonConfig(layer: Layer, configFiles: readonly string[], problems: Problems): LoadedDaemon {
  const parsed = parseDaemon(layer, problems)
  throwProblems(problems)
  return buildDaemon(layer, configFiles, parsed)
}

/**
 * The same for whoever wants to know all that is wrong: `problems` takes it, and the daemon is what it would be without the wrong
 * settings.
 */
export function soundDaemonConfig(
  layer: Layer,
  defaults: Layer,
  configFiles: readonly string[],
  problems: Problems,
): LoadedDaemon {
  parseDaemon(layer, problems)
  const sound = new Map([...defaults, ...[...layer].filter((setting) => isSound(setting, defaults))])
  return buildDaemon(sound, configFiles, parseDaemon(sound, []))
}

function isSound(setting: readonly [string, Given], defaults: Layer): boolean {
  const problems: Problems = []
  parseDaemon(new Map([...defaults, setting]), problems)
  return problems.length === 0
}

interface ParsedDaemon {
  readonly daemon: SettingsOf<typeof VOLUME.daemon>
  readonly log: LogConfig
  readonly providers: readonly ProviderInstance[]
  readonly files: readonly SecretFile[]
}

function parseDaemon(layer: Layer, problems: Problems): ParsedDaemon {
  const daemon = parseSection(VOLUME.daemon, layer, problems)
  const log = parseSection(VOLUME.log, layer, problems)
  const providers = PROVIDERS.map((def) => createInstance(def, parseSection(def.settings, layer, problems)))
  const secrets = layer.get(VOLUME.volume.fields.secrets.name)
  const files = [secrets?.value ?? []].flat().flatMap((entry) => {
    const file = parseEntry(entry, secrets?.origin ?? '', problems)
    return file === undefined ? [] : [file]
  })
  parseShared(layer, problems)
  return { daemon, log, providers, files }
}

function buildDaemon(
  layer: Layer,
  configFiles: readonly string[],
  { daemon, log, providers, files }: ParsedDaemon,
): LoadedDaemon {
  const limits = limitsOf(daemon, providers, configFiles)
  const { socket, stateDir, runtimeDir, managed, resetState, lingerMs } = daemon
  const volumeConfig = volumeConfigWith({ layer, providers, files, limits })
  return { daemon: { socket, stateDir, runtimeDir, managed, resetState, lingerMs, volumeConfig }, log }
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

/** Files that the daemon's settings for a provider name. */
function filesOf({ def, settings }: ProviderInstance): string[] {
  return Object.entries(def.settings.fields).flatMap(([key, field]) => {
    const value = settings[key]
    if (field.file === true && typeof value === 'string') return [value]
    return field.credential === true && isCredentialFile(value) ? [value.path] : []
  })
}

function isCredentialFile(value: unknown): value is Extract<Credential, { kind: 'file' }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'file'
}
