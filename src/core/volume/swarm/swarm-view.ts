import type { SwarmEngine } from './swarm-engine.ts'

/** A manager, as the API of one of them shows it. */
export interface SwarmManager {
  readonly id: string
  readonly name: string
  /** True: its API was asked. */
  readonly isHere: boolean
  readonly leads: boolean
  /** True: the others can reach it. */
  readonly isReachable: boolean
  /** True: its engine has the secret driver, and the plugin is enabled. It is noticed within 20 s. */
  readonly hasDriver: boolean
}

/** The plugin of this node, as its engine shows it. */
export interface InstalledPlugin {
  readonly isEnabled: boolean
  /** The protocols, such as `docker.secretprovider/1.0`. */
  readonly types: readonly string[]
  /** Equal for plugins of the same build. */
  readonly layers: readonly string[]
  /** Values of variables and sources of mounts, by their names. `docker plugin set` changes them. */
  readonly variables: ReadonlyMap<string, string>
  readonly mounts: ReadonlyMap<string, string>
}

/**
 * The API of a manager, as far as `locket check` reads it. It changes nothing. Calls reject as those of
 * `SwarmEngine` do.
 */
export interface SwarmView extends Pick<SwarmEngine, 'secrets'> {
  /** Rejects with `config` on a node that is not a manager. */
  managers(driver: string, signal: AbortSignal): Promise<readonly SwarmManager[]>
  /** Resolves with undefined when this node has no plugin of the name. */
  plugin(name: string, signal: AbortSignal): Promise<InstalledPlugin | undefined>
}
