/**
 * The host's ids of the users and groups that containers of an engine with userns-remap have: from here on,
 * 65,536 of each.
 */
export interface RemappedIds {
  readonly uid: number
  readonly gid: number
}

interface Written {
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly fileMode: number
}

const IDS = 65_536
const READABLE_FOR_ALL = 0o004

/**
 * Finds the ids in /proc/self/mountinfo of a managed plugin: an engine with userns-remap keeps its plugins
 * below a folder named `UID.GID` (moby, daemon/daemon_unix.go, setupRemappedRoot). Undefined: the engine
 * remaps nobody, or this is not such a plugin.
 */
export function remappedIdsIn(mountinfo: string): RemappedIds | undefined {
  const [, uid, gid] = /\/(\d+)\.(\d+)\/plugins\/[0-9a-f]{64}\//.exec(mountinfo) ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** One line for Status and the log when no container can read what is written. Undefined: some can. */
export function unreadableWarning(
  { uid = 0, gid = 0, fileMode }: Written,
  remapped: RemappedIds | undefined,
): string | undefined {
  if (remapped === undefined || (fileMode & READABLE_FOR_ALL) !== 0) return undefined
  const isIn = (id: number, first: number) => id >= first && id < first + IDS
  if (isIn(uid, remapped.uid) || isIn(gid, remapped.gid)) return undefined
  const example = `${remapped.uid}:${remapped.gid}`
  return `no container can read the files of ${uid}:${gid}: this engine has userns-remap, root in a container is ${example} on the host. Set user to ${example} plus the ids in the container`
}
