import type { FileAccess, Owner } from '../text/units.ts'

/**
 * The host's ids of the users and groups that containers of an engine with userns-remap have: from here on,
 * 65,536 of each.
 */
export interface RemappedIds {
  readonly uid: number
  readonly gid: number
}

/** The owner and the modes that all files of a volume have in common. */
export interface CommonAccess {
  /** Undefined: root. */
  readonly owner?: Owner | undefined
  readonly fileMode: number
  readonly dirMode: number
  readonly rootMode: number
}

/** A file of a volume, and the mode and owner that were asked for it alone. */
interface AccessibleFile {
  /** Below the root folder of the volume. */
  readonly path: string
  readonly access?: FileAccess | undefined
}

const ROOT: Owner = { uid: 0, gid: 0 }
const IDS = 65_536
const READABLE_FOR_ALL = 0o004
const MOST_NAMED = 10

/**
 * Finds the ids in /proc/self/mountinfo of a managed plugin: an engine with userns-remap keeps its plugins
 * below a folder named `UID.GID` (moby, daemon/daemon_unix.go, setupRemappedRoot). Undefined: the engine
 * remaps nobody, or this is not such a plugin.
 */
export function remappedIdsIn(mountinfo: string): RemappedIds | undefined {
  const [, uid, gid] = /\/(\d+)\.(\d+)\/plugins\/[0-9a-f]{64}\//.exec(mountinfo) ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** One line for Status and the log when no container can read some of the files. Undefined: some can. */
export function unreadableWarning(
  files: readonly AccessibleFile[],
  common: CommonAccess,
  remapped: RemappedIds | undefined,
): string | undefined {
  if (remapped === undefined) return undefined
  const isIn = (id: number, first: number) => id >= first && id < first + IDS
  const unreadable = files.flatMap(({ access }) => {
    const { uid, gid } = access?.owner ?? common.owner ?? ROOT
    const isReadable = ((access?.mode ?? common.fileMode) & READABLE_FOR_ALL) !== 0
    return isReadable || isIn(uid, remapped.uid) || isIn(gid, remapped.gid) ? [] : [`${uid}:${gid}`]
  })
  if (unreadable.length === 0) return undefined
  const owners = [...new Set(unreadable)].slice(0, MOST_NAMED).join(', ')
  const example = `${remapped.uid}:${remapped.gid}`
  return `no container can read the files of ${owners}: this engine has userns-remap, root in a container is ${example} on the host. Set user or secret-user to ${example} plus the ids in the container`
}

/**
 * Returns one line when the mode or owner of single files has no effect, because the users that it admits may
 * not enter the folders above; else none.
 */
export function unreachableWarning(files: readonly AccessibleFile[], common: CommonAccess): string[] {
  const paths = files.filter((file) => !isReachable(file, common)).map(({ path }) => path)
  if (paths.length === 0) return []
  const { uid, gid } = common.owner ?? ROOT
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''
  const isDeep = paths.some((path) => path.includes('/'))
  const modes = [`mode ${octal(common.rootMode)}`, ...(isDeep ? [`dir-mode ${octal(common.dirMode)}`] : [])]
  const advice = isDeep ? 'mode and dir-mode to "0711"' : 'mode to "0711"'
  return [
    `the users of ${paths.slice(0, MOST_NAMED).join(', ')}${more} may not enter the folder, which belongs to ${uid}:${gid} with ${modes.join(' and ')}: set ${advice}`,
  ]
}

function isReachable({ path, access }: AccessibleFile, common: CommonAccess): boolean {
  if (access === undefined) return true
  const folder = common.owner ?? ROOT
  const { uid, gid } = access.owner ?? folder
  const mode = access.mode ?? common.fileMode
  const mayEnter = (bit: number) =>
    (common.rootMode & bit) !== 0 && (!path.includes('/') || (common.dirMode & bit) !== 0)
  const groupBit = gid === folder.gid ? 0o010 : 0o001
  // Root enters every folder, and a file of the folder's owner is there for that owner.
  if (uid !== 0 && uid !== folder.uid && (mode & 0o400) !== 0 && !mayEnter(groupBit)) return false
  if (gid !== 0 && gid !== folder.gid && (mode & 0o040) !== 0 && !mayEnter(0o001)) return false
  return (access.mode ?? 0) % 8 < READABLE_FOR_ALL || mayEnter(0o001)
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
