import { LocketError } from '../../core/vocabulary/errors.ts'
import type { MountId } from '../../core/vocabulary/names.ts'
import type { MountReference, VolumeRecord } from '../../core/volume/record.ts'

/** One mount ID of a volume: a container, as the engine names it. */
interface MountUse extends Omit<MountReference, 'unsure'> {
  /**
   * Number of Mounts under this ID that no Unmount has ended: `docker cp` mounts and unmounts under the ID of
   * the running container (ADR 0006). `unsure`: the engine has stopped or started since, so the container may
   * have ended without an Unmount.
   */
  readonly count: number | 'unsure'
}

/** A mounted tmpfs, as far as this process knows it. */
export interface Tmpfs {
  /** The differences from the volume's configuration, one line each. */
  readonly warnings: readonly string[]
  /** Background work that ends with the state: renews the files or, in `unused`, tries the wipe again. */
  readonly task: AsyncDisposable | undefined
  /** The mark of the tmpfs in the record. Undefined in `unrecorded`: the record does not know the tmpfs. */
  readonly mark?: string | undefined
}

type Uses = readonly [MountUse, ...MountUse[]]

/**
 * Everything that decides what a request does with a volume.
 * - `idle`: nothing is mounted, nobody uses it.
 * - `mounted`: a tmpfs and its users. `hasUnrecorded`: an earlier process had users that the state file lost.
 * - `unrecorded`: a tmpfs whose users the state file lost. It is kept, because containers may be using it.
 * - `unused`: a tmpfs that nobody uses: it gets its first user or is wiped. A failed wipe is tried again.
 * - `orphaned`: users whose tmpfs is gone. Their containers may still see a private copy (ADR 0004).
 */
export type VolumeState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'mounted'; readonly tmpfs: Tmpfs; readonly uses: Uses; readonly hasUnrecorded: boolean }
  | { readonly kind: 'unrecorded'; readonly tmpfs: Tmpfs }
  | { readonly kind: 'unused'; readonly tmpfs: Tmpfs }
  | { readonly kind: 'orphaned'; readonly uses: Uses }

/** A pure change of state. It returns the same object when nothing changes. */
export type Transition = (state: VolumeState) => VolumeState

/** Returns the uses of a volume. The list is empty in the states without users. */
export function usesOf(state: VolumeState): readonly MountUse[] {
  return 'uses' in state ? state.uses : []
}

/** Returns the use of a mount ID, or undefined if the ID is not mounted. */
export function useOf(state: VolumeState, id: MountId): MountUse | undefined {
  return usesOf(state).find((use) => use.id === id)
}

/** Returns the tmpfs, or undefined in the states without one. */
export function tmpfsOf(state: VolumeState): Tmpfs | undefined {
  return 'tmpfs' in state ? state.tmpfs : undefined
}

/** Returns the part of the state that the state file keeps. */
export function referencesOf(state: VolumeState): readonly MountReference[] {
  return usesOf(state).map(({ count, ...reference }) =>
    count === 'unsure' ? { ...reference, unsure: true } : reference,
  )
}

/** The facts about a volume that the daemon finds when it starts. */
interface FoundAtStart {
  /** The host's boot ID. No container of an earlier boot is alive, so its references are dropped. */
  readonly bootId: string
  readonly isMounted: boolean
  /**
   * The newest state file could be read, and the record knows the mark of the tmpfs. If not, a tmpfs without
   * references may have users.
   */
  readonly isTrusted: boolean
  /** The mark in the record, unless the tmpfs has another one. */
  readonly mark?: string | undefined
}

/** Returns the state of a recorded volume when the daemon starts. */
export function restoredState(mounts: VolumeRecord['mounts'], found: FoundAtStart): VolumeState {
  const uses = mounts
    .filter(({ bootId }) => bootId === found.bootId)
    .map(({ unsure, ...mount }): MountUse => ({ ...mount, count: unsure === true ? 'unsure' : 1 }))
  const hasUnrecorded = uses.length === 0 && !found.isTrusted
  const tmpfs = found.mark === undefined ? NEW_TMPFS : { ...NEW_TMPFS, mark: found.mark }
  return stateOf(found.isMounted ? tmpfs : undefined, uses, hasUnrecorded)
}

/**
 * Returns the state of a new volume. `isUnrecorded`: its tmpfs is mounted already, and no trusted record
 * knows it.
 */
export function createdState(isUnrecorded: boolean): VolumeState {
  return stateOf(isUnrecorded ? NEW_TMPFS : undefined, [], isUnrecorded)
}

/** Applies the kernel's answer whether the tmpfs is mounted. */
export function observed(state: VolumeState, isMounted: boolean): VolumeState {
  if (isMounted === (tmpfsOf(state) !== undefined)) return state
  return stateOf(isMounted ? NEW_TMPFS : undefined, usesOf(state), false)
}

/**
 * Returns the state of a tmpfs that was just mounted and filled. It takes no earlier state, because users of
 * an earlier tmpfs do not use this one.
 */
export function tmpfsMounted(warnings: readonly string[], mark?: string): VolumeState {
  return { kind: 'unused', tmpfs: { warnings, task: undefined, ...(mark === undefined ? {} : { mark }) } }
}

/**
 * Adds one Mount under this ID. An unsure ID is taken over and then counts once. Throws `internal` without a
 * tmpfs.
 */
export function mountAdded(state: VolumeState, reference: MountReference): VolumeState {
  const tmpfs = tmpfsOf(state)
  if (tmpfs === undefined) throw new LocketError('internal', `a mount of a volume that is ${state.kind}`)
  const before = useOf(state, reference.id)
  const use: MountUse = { ...reference, count: 1 }
  const isUnrecorded = hasUnrecorded(state)
  if (before === undefined) {
    // The task of an unused tmpfs wipes it, so it ends here.
    const kept = state.kind === 'unused' ? { ...tmpfs, task: undefined } : tmpfs
    return stateOf(kept, [...usesOf(state), use], isUnrecorded)
  }
  const next = before.count === 'unsure' ? use : { ...before, count: before.count + 1 }
  return stateOf(tmpfs, replaced(usesOf(state), next), isUnrecorded)
}

/** Applies one Unmount of this ID. After the last one a tmpfs is `unused`, and the caller must wipe it. */
export function mountEnded(state: VolumeState, id: MountId): VolumeState {
  const use = useOf(state, id)
  if (use === undefined) return state
  if (use.count !== 'unsure' && use.count > 1) {
    const uses = replaced(usesOf(state), { ...use, count: use.count - 1 })
    return stateOf(tmpfsOf(state), uses, hasUnrecorded(state))
  }
  const left = usesOf(state).filter((other) => other !== use)
  return left.length === 0 ? mountsDropped(state) : stateOf(tmpfsOf(state), left, hasUnrecorded(state))
}

/** Removes all users, recorded or not. The caller must wipe a remaining tmpfs. */
export function mountsDropped(state: VolumeState): VolumeState {
  if (state.kind === 'idle' || state.kind === 'unused') return state
  const tmpfs = tmpfsOf(state)
  return stateOf(tmpfs && { ...tmpfs, task: undefined }, [], false)
}

/**
 * Marks each ID as unsure after the engine has stopped or started: it may be mounted again without having
 * been unmounted.
 */
export function engineRestarted(state: VolumeState): VolumeState {
  const uses = usesOf(state)
  if (uses.every(({ count }) => count === 'unsure')) return state
  const unsure = uses.map((use): MountUse => ({ ...use, count: 'unsure' }))
  return stateOf(tmpfsOf(state), unsure, hasUnrecorded(state))
}

/** Gives the tmpfs its background work. A state without a tmpfs stays as it is. */
export function taskStarted(state: VolumeState, task: AsyncDisposable): VolumeState {
  return 'tmpfs' in state ? { ...state, tmpfs: { ...state.tmpfs, task } } : state
}

const NEW_TMPFS: Tmpfs = { warnings: [], task: undefined }

function hasUnrecorded(state: VolumeState): boolean {
  return state.kind === 'unrecorded' || (state.kind === 'mounted' && state.hasUnrecorded)
}

function replaced(uses: readonly MountUse[], next: MountUse): readonly MountUse[] {
  return uses.map((use) => (use.id === next.id ? next : use))
}

function stateOf(
  tmpfs: Tmpfs | undefined,
  [first, ...others]: readonly MountUse[],
  isUnrecorded: boolean,
): VolumeState {
  if (first === undefined) {
    if (tmpfs === undefined) return { kind: 'idle' }
    return { kind: isUnrecorded ? 'unrecorded' : 'unused', tmpfs }
  }
  const uses: Uses = [first, ...others]
  return tmpfs === undefined
    ? { kind: 'orphaned', uses }
    : { kind: 'mounted', tmpfs, uses, hasUnrecorded: isUnrecorded }
}
