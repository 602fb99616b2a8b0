import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { once } from 'node:events'
import { LocketError, errnoOf } from '../../core/vocabulary/errors.ts'
import { loadLibc } from '../libc.ts'
import { makeFolders } from '../files/make-folders.ts'

/** Where the daemon listens: a path of its own, or a descriptor that systemd opened. */
type ListenAt = { readonly path: string } | { readonly fd: number }

type Environment = Readonly<Record<string, string | undefined>>

const FIRST_INHERITED_FD = 3
const PROBE_MS = 2000

/**
 * Makes way for a socket at `path`: its folder is made, a socket that nobody answers on is removed. Rejects with `io` when
 * something answers there, or what is there is no socket.
 */
export async function claimSocket(path: string): Promise<void> {
  try {
    await makeFolders(dirname(path))
    const found = await lstat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined) return
    if (!found.isSocket()) throw new LocketError('io', `${path} is there already and is no socket`)
    if (await answers(path)) {
      throw new LocketError('io', `another locket answers on ${path}`, {
        hint: 'stop it, or choose another --socket',
      })
    }
    await unlink(path)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    throw new LocketError('io', `cannot make way for a socket at ${path}: ${errnoOf(error)}`, {
      cause: error,
    })
  }
}

/** On systemd's socket where it handed one over, else on one of our own at `path`. Tells which, for the log. */
export async function listenAsDaemon(server: Server, path: string, env: Environment): Promise<string> {
  const fd = inheritedSocket(env, process.pid)
  if (fd === undefined) await claimSocket(path)
  await listenPrivately(server, fd === undefined ? { path } : { fd })
  return fd === undefined ? path : `descriptor ${fd}, from systemd`
}

/** The first socket that systemd hands over (sd_listen_fds), for the process of that ID alone. */
export function inheritedSocket(env: Environment, pid: number): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = env
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined || !/^[1-9]\d*$/.test(LISTEN_FDS))
    return undefined
  return FIRST_INHERITED_FD
}

/** Resolves once connections are accepted. A socket of a path is 0600 from its first moment on. */
export async function listenPrivately(server: Server, at: ListenAt): Promise<void> {
  const listening = once(server, 'listening')
  // Node binds inside of this very call, so no other code runs under the umask.
  const umask = process.umask(0o177)
  try {
    server.listen(at)
  } finally {
    process.umask(umask)
  }
  await listening.catch((error: unknown) => {
    const where = 'path' in at ? at.path : `descriptor ${at.fd}`
    throw new LocketError('io', `cannot listen on ${where}: ${errnoOf(error) ?? 'unknown error'}`, {
      cause: error,
    })
  })
}

/** Tells systemd `READY=1` and the like, where it asked for that. False: nobody asked, or nobody took it. */
export async function notifySystemd(env: Environment, state: string): Promise<boolean> {
  const { NOTIFY_SOCKET } = env
  if (NOTIFY_SOCKET === undefined || !/^[/@]./.test(NOTIFY_SOCKET)) return false
  const libc = await loadLibc()
  return libc.sendDatagram(NOTIFY_SOCKET, state) === undefined
}

/** Anything but a refusal counts as an answer: a daemon whose backlog is full is alive. */
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
