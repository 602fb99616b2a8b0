/** The thing that the program wanted to do when the system refused. */
type Attempt = 'read' | 'write' | 'use'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a file is in its place',
  ELOOP: 'a part of the path is a link that is not followed',
  ENAMETOOLONG: 'the path is too long',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EBUSY: 'it is in use, or a mount point',
  EIO: 'the disk failed',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ETXTBSY: 'it is a program that runs',
  EADDRINUSE: 'another process listens there',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed before the end of the answer',
}

/** Reasons that are other ones for the writer of a file. */
const WRITING: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist and cannot be made',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EBUSY: 'it is a mount point: mount its folder instead',
}

/**
 * Returns why the system refused, as a clause: `it does not exist`. A code without such a clause is repeated:
 * `the system said EFAULT`. `errno` is the result of `errnoOf`.
 */
export function systemReason(errno: string | undefined, attempt: Attempt = 'use'): string {
  if (errno === undefined) return 'the reason is unknown'
  const reason = (attempt === 'write' ? WRITING[errno] : undefined) ?? REASONS[errno]
  if (reason !== undefined) return reason
  return errno === 'EACCES' || errno === 'EPERM'
    ? `this user may not ${attempt} it`
    : `the system said ${errno}`
}
