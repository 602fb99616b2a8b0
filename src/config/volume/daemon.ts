import { normalizePath } from '../../core/plan/paths.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { SwarmRule } from '../../core/volume/swarm/rules.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { isCredentialFile } from '../../settings/kinds.ts'
import { accessEntries, isAccessSetting, withAccess } from '../entries/file-access.ts'
import { parseEntry } from '../entries/secret-entry.ts'
import { providerInstances, type ProviderSources } from '../instances/provider-instances.ts'
import { parseSection, throwProblems, type Given, type Layer, type Problems } from '../layers/layers.ts'
import { adminSection, ceilingSection, daemonSection, swarmSection } from '../sections/daemon.ts'
import { auditSection, logSection } from '../sections/log.ts'
import { volumeSection } from '../sections/volume.ts'
import { swarmRules } from './swarm-rules.ts'
import type { Ceilings } from './ceilings.ts'
import type { DriverLimits } from './driver-limits.ts'
import type { DaemonConfig, LogConfig } from './volume-config.ts'
import type { DriverOptions } from './driver-opts.ts'
import { swarmConfig } from './swarm-secrets.ts'
import { checkedVolumeWith, parseShared, volumeConfigWith, type CheckedVolume } from './volume-options.ts'

/** The place of the engine's socket in a managed plugin: see `mounts` of the manifest. */
export const MANAGED_DOCKER_SOCKET = '/run/docker-engine.sock'

/** The folder for a managed plugin's state, when no other is set and its configuration folder is writable. */
export const MANAGED_STATE = '/etc/locket/state'

/** The name of the admin socket in the runtime folder. */
const ADMIN_SOCKET = 'admin.sock'

/**
 * The admin socket of a managed plugin. The host has this folder as `/run/docker/plugins/ID`. The engine
 * takes a socket there for a plugin only if it has the name of the folder.
 */
const MANAGED_ADMIN_SOCKET = '/run/docker/plugins/locket-admin.sock'

/**
 * Returns the defaults of a managed plugin. The plugin sees only one folder of the host, its configuration
 * folder, and only that folder outlives the plugin.
 */
export function managedDefaults(defaults: Layer): Layer {
  const layer = new Map(defaults)
  layer.delete(daemonSection.fields.stateDir.name)
  const origin = 'default with --managed'
  const { templateRoots, dockerSocket } = daemonSection.fields
  layer.set(dockerSocket.name, { value: MANAGED_DOCKER_SOCKET, origin })
  layer.set(templateRoots.name, { value: ['/etc/locket'], origin })
  return layer.set(adminSection.fields.socket.name, { value: MANAGED_ADMIN_SOCKET, origin })
}

/** The sources from which the daemon's configuration is made. */
export interface DaemonSources extends ProviderSources {
  /** The defaults alone. */
  readonly defaults: Layer
  /** Absolute paths of the configuration files that were read. */
  readonly configFiles: readonly string[]
}

/** The configuration of the daemon and of its log. */
export interface LoadedDaemon {
  readonly daemon: DaemonConfig
  readonly log: LogConfig
  /** Reads driver options as far as they are right, for `locket check`. */
  readonly checkedVolume: (options: DriverOptions) => CheckedVolume
}

/**
 * Makes the daemon's configuration from its merged layers. The settings that volumes inherit are parsed too,
 * so that a wrong default stops the daemon at its start. Throws one `config` error that lists the wrong
 * settings and the earlier `problems`.
 */
export function daemonConfig(sources: DaemonSources, problems: Problems): LoadedDaemon {
  const parsed = parseDaemon(sources, problems)
  throwProblems(problems)
  return buildDaemon(sources, parsed)
}

/**
 * Makes the daemon's configuration without the wrong settings, for `locket check`. Adds to `problems` what is
 * wrong. Throws nothing.
 */
export function soundDaemonConfig(sources: DaemonSources, problems: Problems): LoadedDaemon {
  parseDaemon(sources, problems)
  const { layer, defaults } = sources
  const secrets = [...layer].filter(([name]) => name === volumeSection.fields.secrets.name)
  const isSound = (setting: readonly [string, Given]) => {
    const found: Problems = []
    const needed = isAccessSetting(setting[0]) ? secrets : []
    parseDaemon({ ...sources, documents: [], layer: new Map([...defaults, ...needed, setting]) }, found)
    return found.length === 0
  }
  const sound = { ...sources, layer: new Map([...defaults, ...[...layer].filter(isSound)]) }
  return buildDaemon(sound, parseDaemon(sound, []))
}

interface ParsedDaemon {
  readonly daemon: SettingsOf<typeof daemonSection>
  readonly admin: SettingsOf<typeof adminSection>
  readonly ceilings: Ceilings
  readonly swarm: SettingsOf<typeof swarmSection>
  readonly rules: readonly SwarmRule[]
  readonly log: LogConfig
  readonly audit: DaemonConfig['audit']
  readonly providers: readonly ProviderInstance[]
  readonly files: readonly RequestedFile[]
}

function parseDaemon(sources: ProviderSources, problems: Problems): ParsedDaemon {
  const { layer } = sources
  const daemon = parseSection(daemonSection, layer, problems)
  const admin = parseSection(adminSection, layer, problems)
  const ceilings = parseSection(ceilingSection, layer, problems)
  const swarm = parseSection(swarmSection, layer, problems)
  const rules = swarmRules(sources.documents, problems)
  const log = parseSection(logSection, layer, problems)
  const audit = parseSection(auditSection, layer, problems)
  const providers = providerInstances(sources, problems)
  const secrets = layer.get(volumeSection.fields.secrets.name)
  const before = problems.length
  const named = [secrets?.value ?? []].flat().flatMap((entry) => {
    const file = parseEntry(entry, secrets?.origin ?? '', problems)
    return file === undefined ? [] : [file]
  })
  // A wrong secret is reported already: its mode would be reported as one for no file.
  const isSound = problems.length === before
  const access = accessEntries(layer, problems)
  const files = isSound ? withAccess(named, access, problems) : named
  parseShared(layer, providers, problems)
  return { daemon, admin, ceilings, swarm, rules, log, audit, providers, files }
}

function buildDaemon(
  { layer, configFiles }: DaemonSources,
  { daemon, admin, ceilings, swarm, rules, log, audit, providers, files }: ParsedDaemon,
): LoadedDaemon {
  const limits = limitsOf(daemon, providers, [
    ...configFiles,
    ...(audit.path === undefined ? [] : [audit.path]),
  ])
  const { socket, stateDir, runtimeDir, dockerSocket, managed, resetState, lingerMs, metricsAddress } = daemon
  const defaults = { layer, providers, files, limits, ceilings }
  const volumeConfig = volumeConfigWith(defaults)
  return {
    daemon: {
      socket,
      stateDir,
      runtimeDir,
      dockerSocket,
      adminSocket: admin.socket ?? `${normalizePath(runtimeDir)}/${ADMIN_SOCKET}`,
      metricsAddress,
      managed,
      resetState,
      cacheTtlMs: lingerMs,
      audit,
      swarm: swarmConfig({ settings: swarm, rules, layer, providers }),
      volumeConfig,
    },
    log,
    checkedVolume: checkedVolumeWith(defaults),
  }
}

function limitsOf(
  daemon: SettingsOf<typeof daemonSection>,
  providers: readonly ProviderInstance[],
  configFiles: readonly string[],
): DriverLimits {
  const roots = daemon.templateRoots?.map(normalizePath)
  const stateDir = daemon.stateDir ?? MANAGED_STATE
  return {
    roots,
    allowInlineToken: daemon.allowInlineToken,
    ownFiles: new Set([...configFiles, ...providers.flatMap(filesOf)].map(normalizePath)),
    ownFolders: [stateDir, daemon.runtimeDir].map(normalizePath),
  }
}

/** Returns the files that a provider's settings name, and those that the provider reads by itself. */
function filesOf({ def, settings }: ProviderInstance): string[] {
  const named = Object.entries(def.settings.fields).flatMap(([key, field]) => {
    const value = settings[key]
    if (field.file === true && typeof value === 'string') return [value]
    return field.credential === true && isCredentialFile(value) ? [value.path] : []
  })
  return [...named, ...(def.ownFiles?.(settings) ?? [])]
}
