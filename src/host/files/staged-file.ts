import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import type { Owner } from '../../core/text/units.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'

// Both writers of secrets stage a file under another name, compare it with the existing file, and rename it.
// The system calls are synchronous, because a tmpfs does not wait for a disk. Large files are written in
// pieces, so that other work can run in between.

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
const PIECE_BYTES = 1024 * 1024

/** The content, mode and owner that a file must have. */
interface WantedFile {
  readonly content: Secret
  readonly mode: number
  readonly owner: Owner
}

/**
 * Makes a file that must not exist. A link in its place is not followed. After a failure the caller must
 * remove the file.
 */
export async function stageFile(path: string, { content, mode, owner }: WantedFile): Promise<void> {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await writeBytes(fd, content.reveal())
    setOwnerAndMode(fd, owner, mode)
  } finally {
    closeSync(fd)
  }
}

/**
 * Returns the inode of the file at `path` when it is as wanted already, otherwise undefined. Writing it again
 * would wake every watcher. A link, or a file with a second name, is never as wanted.
 */
export async function inodeIfSame(path: string, wanted: WantedFile): Promise<number | undefined> {
  if (!isAlike(lstatSync(path, { throwIfNoEntry: false }), wanted)) return undefined
  let fd: number
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch {
    // The mode excludes the file's own writer, or the file has just been replaced.
    return undefined
  }
  try {
    const facts = fstatSync(fd)
    return isAlike(facts, wanted) && (await hasBytes(fd, wanted.content.reveal())) ? facts.ino : undefined
  } finally {
    closeSync(fd)
  }
}

/**
 * Sets owner and mode if they differ: each call of chown or chmod wakes watchers. The owner is set first,
 * because chown clears the setuid and setgid bits. Throws `io` when this user may not change owners.
 */
export function setOwnerAndMode(fd: number, { uid, gid }: Owner, mode: number): void {
  const before = fstatSync(fd)
  const isGiven = before.uid !== uid || before.gid !== gid
  try {
    if (isGiven) fchownSync(fd, uid, gid)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EPERM') throw thrown
    throw new LocketError('io', `this user may not give files to ${uid}:${gid}`, {
      cause: thrown,
      hint: 'leave out its owner (user), or run as root with CAP_CHOWN',
    })
  }
  if (isGiven || (before.mode & 0o7777) !== mode) fchmodSync(fd, mode)
}

/** Returns the owner of the files that this process makes. */
export function ownerOfProcess(): Owner {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
}

function isAlike(found: Stats | undefined, { content, mode, owner }: WantedFile): boolean {
  if (found === undefined || !found.isFile() || found.size !== content.byteLength) return false
  if (found.nlink !== 1 || (found.mode & 0o7777) !== mode) return false
  return found.uid === owner.uid && found.gid === owner.gid
}

async function hasBytes(fd: number, bytes: Uint8Array): Promise<boolean> {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes.length))
  try {
    for (let done = 0; done < bytes.length;) {
      const length = readSync(fd, piece, 0, Math.min(piece.length, bytes.length - done), done)
      if (
        length === 0 ||
        Buffer.compare(piece.subarray(0, length), bytes.subarray(done, done + length)) !== 0
      )
        return false
      done += length
      if (done < bytes.length) await nextTurn()
    }
    return true
  } finally {
    piece.fill(0)
  }
}

async function writeBytes(fd: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, Math.min(PIECE_BYTES, bytes.length - done))
    if (done < bytes.length) await nextTurn()
  }
}
