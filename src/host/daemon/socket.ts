import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { once } from 'node:events'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { loadLibc } from '../libc.ts'
import { makeFolders } from '../files/make-folders.ts'

/** The place where the daemon listens: a path, a descriptor that systemd opened, or a TCP address. */
type ListenAt =
  | { readonly path: string }
  | { readonly fd: number }
  | { readonly host: string; readonly port: number }

type Environment = Readonly<Record<string, string | undefined>>

const FIRST_INHERITED_FD = 3
const PROBE_MS = 2000

/**
 * Prepares `path` for a socket: makes its folder, and removes a socket that no process answers on. `flag`
 * chooses the path. Rejects with `io` when a process answers there, or when the file there is not a socket.
 */
export async function claimSocket(path: string, flag: string): Promise<void> {
  try {
    await makeFolders(dirname(path))
    const found = await lstat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined) return
    if (!found.isSocket()) throw new LocketError('io', `${path} exists and is not a socket`)
    if (await answers(path)) {
      throw new LocketError('io', `another locket answers on ${path}`, {
        hint: `stop it, or choose another ${flag}`,
      })
    }
    await unlink(path)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    const reason = systemReason(errnoOf(error), 'write')
    throw new LocketError('io', `cannot make a socket at ${path}: ${reason}`, { cause: error })
  }
}

/**
 * Listens on the socket that systemd passed or, without one, on a new socket at `path`. Returns the socket's
 * name for the log. Rejects with `io`.
 */
export async function listenAsDaemon(server: Server, path: string, env: Environment): Promise<string> {
  const fd = inheritedSocket(env, process.pid)
  if (fd === undefined) await claimSocket(path, '--socket')
  await listenPrivately(server, fd === undefined ? { path } : { fd })
  return fd === undefined ? path : `descriptor ${fd}, from systemd`
}

/** Listens at the path of a new socket, or at a TCP address. Rejects with `io`. */
export async function listenAsAdmin(server: Server, at: Exclude<ListenAt, { fd: number }>): Promise<void> {
  if ('path' in at) await claimSocket(at.path, '--admin-socket')
  await listenPrivately(server, at)
}

/**
 * Returns the first descriptor that systemd passed (sd_listen_fds), or undefined when it passed none to the
 * process `pid`.
 */
export function inheritedSocket(env: Environment, pid: number): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = env
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined || !/^[1-9]\d*$/.test(LISTEN_FDS))
    return undefined
  return FIRST_INHERITED_FD
}

/**
 * Starts to listen. Resolves once connections are accepted; rejects with `io`. A socket at a path has mode
 * 0600 from the beginning.
 */
export async function listenPrivately(server: Server, at: ListenAt): Promise<void> {
  const listening = once(server, 'listening')
  // Node binds within this call, so no other code runs under the umask.
  const umask = process.umask(0o177)
  try {
    server.listen(at)
  } finally {
    process.umask(umask)
  }
  await listening.catch((error: unknown) => {
    const reason = systemReason(errnoOf(error), 'write')
    throw new LocketError('io', `cannot listen on ${nameOf(at)}: ${reason}`, { cause: error })
  })
}

function nameOf(at: ListenAt): string {
  if ('path' in at) return at.path
  return 'fd' in at ? `descriptor ${at.fd}` : `${at.host}, port ${at.port}`
}

/** Sends a state such as `READY=1` to systemd, if it asked for that. Returns false when nothing was sent. */
export async function notifySystemd(env: Environment, state: string): Promise<boolean> {
  const { NOTIFY_SOCKET } = env
  if (NOTIFY_SOCKET === undefined || !/^[/@]./.test(NOTIFY_SOCKET)) return false
  const libc = await loadLibc()
  return libc.sendDatagram(NOTIFY_SOCKET, state) === undefined
}

/**
 * Resolves with true when a process answers on the socket. Every result but a refusal counts as an answer: a
 * daemon whose backlog is full is alive.
 */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const timer = setTimeout(() => settle(true), PROBE_MS)
    function settle(isAlive: boolean): void {
      clearTimeout(timer)
      socket.destroy()
      resolve(isAlive)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', (error) => {
      const errno = errnoOf(error)
      if (errno === 'EACCES' || errno === 'EPERM') {
        clearTimeout(timer)
        return reject(error)
      }
      return settle(errno !== 'ECONNREFUSED' && errno !== 'ENOENT')
    })
  })
}
