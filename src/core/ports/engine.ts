import type { LocketError } from '../vocabulary/errors.ts'
import type { VolumeName } from '../vocabulary/names.ts'
import type { PassedSignal } from './signals.ts'

/** A running container that has a volume mounted. */
export interface UsingContainer {
  readonly id: string
  /** For messages. */
  readonly name: string
  /** The value of its label `locket.on-change`. */
  readonly label: string | undefined
}

/** The state of a container, as far as a reload needs it. */
export interface ContainerState {
  /** Milliseconds since the epoch, by the clock of this host. */
  readonly startedAt: number
  /** The name of its restart policy: `always`, or `no`. */
  readonly restartPolicy: string
  /** The signal that stops it, when its image or its author names one. */
  readonly stopSignal: string | undefined
}

/**
 * The Docker Engine, as far as reloads need it. Each call has a limit in time, and each answer one in size.
 * Calls reject with `unavailable`, `timeout`, `denied`, `not_found` (a container that is gone), or
 * `provider_protocol` (an answer that cannot be read). An abort of `signal` ends a call.
 */
export interface Engine {
  /** Resolves with the reason why the engine cannot be asked at all, and its cure. Undefined: it can be. */
  fault(): Promise<LocketError | undefined>
  /** Resolves with the running containers that have the volume mounted. */
  containersWith(volume: VolumeName, signal: AbortSignal): Promise<readonly UsingContainer[]>
  /** Resolves with the IDs of the containers that have the volume and do not run: they may start now. */
  startingWith(volume: VolumeName, signal: AbortSignal): Promise<readonly string[]>
  /**
   * Resolves with undefined when the container does not run. Rejects with `unavailable` while it is paused.
   */
  stateOf(id: string, signal: AbortSignal): Promise<ContainerState | undefined>
  /** Sends a signal to the container's first process. */
  kill(id: string, sent: PassedSignal, signal: AbortSignal): Promise<void>
  /** Restarts the container with the time limit of its own stop. Resolves when it runs again. */
  restart(id: string, signal: AbortSignal): Promise<void>
  /**
   * Runs a command in the container as its user, and drops the output. Resolves when it has ended with exit
   * code 0. Rejects with `hook_failed` for another exit code, and when it cannot be started.
   */
  exec(id: string, command: readonly string[], signal: AbortSignal): Promise<void>
}
