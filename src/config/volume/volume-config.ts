import type { RequestedFile } from '../../core/plan/plan.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { ProviderInstance } from '../../providers/define.ts'

/** Everything a volume is made with: the daemon's defaults under the volume's driver options. */
export interface VolumeConfig {
  readonly files: readonly RequestedFile[]
  readonly tmpfs: {
    readonly sizeBytes: number
    /** Of `data/`, the Mountpoint. */
    readonly mode: number
    readonly flags: readonly string[]
    readonly selinuxContext?: string
    readonly allowSwap: boolean
  }
  readonly written: {
    readonly fileMode: number
    readonly dirMode: number
    readonly uid?: number
    readonly gid?: number
    readonly maxFileBytes: number
  }
  readonly policy: FailurePolicy
  readonly watch: boolean
  /** Undefined: chosen by the host's uptime. */
  readonly mountTimeoutMs?: number
  /** Instances that a reference of this volume may name. */
  readonly providers: readonly ProviderInstance[]
  /** Finds the instance for a reference; knows the schemes of providers that are not built yet, and refuses them. */
  readonly parseRef: ParseRef
}

/** The daemon's own configuration, and the way from driver options to a volume's. */
export interface DaemonConfig {
  readonly socket: string
  /** Undefined: a managed plugin picks it. */
  readonly stateDir: string | undefined
  readonly runtimeDir: string
  readonly managed: boolean
  readonly resetState: boolean
  /** How long a value that a network provider gave stays usable. */
  readonly cacheTtlMs: number
  /**
   * Pure, no I/O. Throws one `config` error that lists every problem with its origin: unknown option (and the nearest known one),
   * bad values, a URL without its credential, inline credentials, paths outside the template roots, two secrets of one name.
   */
  volumeConfig(options: Readonly<Record<string, string>>): VolumeConfig
}

export interface LogConfig {
  readonly format: 'text' | 'json' | 'compose'
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
}
