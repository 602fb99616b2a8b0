import type { RequestedFile } from '../../core/plan/plan.ts'
import type { ContentCeilings } from '../../core/volume/ceilings.ts'
import type { SwarmRule } from '../../core/volume/swarm/rules.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { SettingsOf } from '../../settings/field.ts'
import type { ListenAddress } from '../../settings/kinds.ts'
import type { volumeFilesSection } from '../sections/files.ts'
import type { swarmSection } from '../sections/daemon.ts'
import type { auditSection, logSection } from '../sections/log.ts'
import type { tmpfsSection, volumeSection } from '../sections/volume.ts'

/**
 * The configuration of one volume: its driver options over the daemon's defaults. The mount table receives
 * the whole section `tmpfs`. The rendering and the writer of files receive the whole section `written`.
 */
export interface VolumeConfig extends Omit<
  SettingsOf<typeof volumeSection>,
  'secrets' | 'secretModes' | 'secretUsers'
> {
  readonly files: readonly RequestedFile[]
  readonly tmpfs: SettingsOf<typeof tmpfsSection>
  readonly written: SettingsOf<typeof volumeFilesSection>
  readonly ceilings: ContentCeilings
  /** The provider instances that a reference of this volume can name. */
  readonly providers: readonly ProviderInstance[]
  /** Finds the instance for a reference. */
  readonly parseRef: ParseRef
}

/** The template of one Swarm secret, and what its references need. */
export interface SwarmSecretConfig {
  /** A template or a bare reference. */
  readonly text: string
  /** The label that holds it, for messages. */
  readonly origin: string
  /** Equal for secrets whose values are equal. */
  readonly key: string
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
}

/** The configuration of Swarm secrets. Times in milliseconds. */
export interface SwarmConfig extends SettingsOf<typeof swarmSection> {
  readonly rules: readonly SwarmRule[]
  /** Reads the labels of a Swarm secret. Does no I/O. Throws `config` or `too_large`. */
  secretConfig(labels: Readonly<Record<string, string>>): SwarmSecretConfig
}

/** The daemon's own configuration, and the function that makes a volume's from driver options. */
export interface DaemonConfig {
  readonly socket: string
  /** Undefined: a managed plugin chooses it. */
  readonly stateDir: string | undefined
  readonly runtimeDir: string
  /** Undefined: locket may not ask the engine. */
  readonly dockerSocket: string | undefined
  /** The path of the admin socket, or `off`. */
  readonly adminSocket: string
  /** Undefined: metrics are answered on the admin socket only. */
  readonly metricsAddress: ListenAddress | undefined
  readonly managed: boolean
  readonly resetState: boolean
  /** The time that a value of a network provider stays in the cache. */
  readonly cacheTtlMs: number
  readonly audit: SettingsOf<typeof auditSection>
  readonly swarm: SwarmConfig
  /**
   * Returns the configuration of a volume with these driver options. Does no I/O. Throws one `config` error
   * that lists every problem with its origin: unknown option (and the nearest known one), bad value, address
   * without its credential, inline credential, path outside the template roots, two secrets of one name.
   */
  volumeConfig(options: Readonly<Record<string, string>>): VolumeConfig
}

/** The parsed settings of the log. */
export type LogConfig = SettingsOf<typeof logSection>
