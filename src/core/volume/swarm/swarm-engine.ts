/** A secret of the Swarm. */
export interface SwarmSecret {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** The progress of an update of a service, as the engine names it: `updating`, `completed`, `paused`. */
export interface UpdateProgress {
  readonly state: string
  /** The engine's time of its start. It tells two updates apart. */
  readonly startedAt: string
  readonly message: string
}

/** A service of the Swarm, as far as a rotation needs it. */
export interface SwarmService {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** IDs of its secrets. */
  readonly secretIds: readonly string[]
  /** How often its tasks were redeployed by a number alone. */
  readonly forceUpdate: number
  /** True: an old task ends only when the new one runs. */
  readonly startsFirst: boolean
  /** Undefined: it was never updated. */
  readonly update: UpdateProgress | undefined
}

/**
 * The API of a manager. Each call has a limit in time. Calls reject with `unavailable`, `timeout`, `denied`,
 * `not_found` or `provider_protocol`.
 */
export interface SwarmEngine {
  /** Resolves with true on the manager that leads. Rejects with `config` on a node that is not a manager. */
  leads(signal: AbortSignal): Promise<boolean>
  /** Resolves with the secrets whose driver has this name, with or without `:latest`. */
  secrets(driver: string, signal: AbortSignal): Promise<readonly SwarmSecret[]>
  services(signal: AbortSignal): Promise<readonly SwarmService[]>
  service(id: string, signal: AbortSignal): Promise<SwarmService>
  /**
   * Redeploys all tasks of a service, by a raised `ForceUpdate` and nothing else. Does nothing when the
   * number is `forceUpdate` or more already. Rejects with `config` when its specification cannot be sent back
   * unchanged.
   */
  redeploy(id: string, forceUpdate: number, signal: AbortSignal): Promise<void>
}
