/** A volume as the engine lists it. */
export interface ListedVolume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** A service of the Swarm that mounts volumes of the driver. */
export interface MountingService {
  readonly name: string
  /** Names of its volumes. A template of Swarm, such as `{{.Task.Slot}}`, is a `*` in them. */
  readonly volumes: readonly string[]
}

/** The volumes of an engine. Calls reject with `unavailable`, `timeout`, `denied` or `provider_protocol`. */
export interface EngineVolumes {
  /** Resolves with the volumes of the driver of this name, with or without `:latest`. */
  volumes(driver: string, signal: AbortSignal): Promise<readonly ListedVolume[]>
  /** Resolves with the name of a container, running or not, for each volume that one mounts. */
  users(signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** Resolves with undefined on a node that is not a manager: nobody can be asked there. */
  services(driver: string, signal: AbortSignal): Promise<readonly MountingService[] | undefined>
  /**
   * Removes a volume of this driver that no container uses. Does nothing when there is no such volume.
   * Rejects with `denied` when the name is a volume of another driver by now.
   */
  remove(name: string, driver: string, signal: AbortSignal): Promise<void>
}
