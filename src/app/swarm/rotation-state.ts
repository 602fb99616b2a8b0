/** Keyed fingerprints of values, by the ID of the Swarm secret. */
export type Prints = Readonly<Record<string, string>>

/** A service, as the rotations so far know it. Times in milliseconds since the epoch. */
export interface RotatedService {
  /** The values that its tasks have. */
  readonly prints: Prints
  /** Values that differ from them, since when they are known, and the redeployment that was begun. */
  readonly pending?: { readonly prints: Prints; readonly since: number; readonly forceUpdate?: number }
  /** A redeployment failed: it is not tried again before this time. */
  readonly backOff?: { readonly until: number; readonly failures: number }
}

/** The services by their IDs. It holds no value. */
export type RotationState = Readonly<Record<string, RotatedService>>

/** Keeps the state on disk. Both reject with `io` or `state_corrupt`. */
export interface RotationStore {
  load(): Promise<RotationState>
  save(state: RotationState): Promise<void>
}

/** Returns true when a secret that the tasks have has another value now. A new secret does not count. */
export function hasChanged(before: Prints, now: Prints): boolean {
  return Object.entries(now).some(([id, print]) => before[id] !== undefined && before[id] !== print)
}

/** Returns true when both have the same secrets with the same values. */
export function arePrintsEqual(one: Prints, other: Prints): boolean {
  const ids = Object.keys(one)
  return ids.length === Object.keys(other).length && ids.every((id) => one[id] === other[id])
}
