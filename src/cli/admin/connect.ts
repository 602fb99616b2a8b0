import type { DaemonReport } from '../../app/admin/report.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { adminClient, type AdminClient } from '../../http/admin/client.ts'
import { findAdminSockets } from './find-sockets.ts'

/** A daemon that answers, and its first answer. */
export interface Connected {
  readonly client: AdminClient
  readonly report: DaemonReport
}

/**
 * Connects to the daemon at the path `chosen`. Without a path, looks for the one daemon of this machine.
 * Rejects with `unavailable` or `denied` when there is none, and with `usage` when there are several.
 */
export async function connectDaemon(chosen: string | undefined, signal: AbortSignal): Promise<Connected> {
  if (chosen === 'off')
    throw new LocketError('usage', 'admin-socket is off, so no daemon can be asked', {
      hint: 'name the socket of a daemon with --admin-socket',
    })
  if (chosen !== undefined) return await connectTo(chosen, signal)
  const { paths, isHidden } = await findAdminSockets()
  const tried = await Promise.allSettled(paths.map((path) => connectTo(path, signal)))
  const [first, ...others] = tried.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  const failed = tried.filter((one) => one.status === 'rejected').map(({ reason }): unknown => reason)
  if (first === undefined) throw failed.find(isSaidByDaemon) ?? noDaemon(isHidden)
  if (others.length === 0) return first
  const all = [first, ...others].map(({ client }) => client.socket)
  throw new LocketError('usage', `${all.length} daemons answer: ${all.join(', ')}`, {
    hint: 'choose one with --admin-socket',
  })
}

async function connectTo(path: string, signal: AbortSignal): Promise<Connected> {
  const client = adminClient(path)
  return { client, report: await client.status(signal) }
}

/** False for a socket that an ended daemon has left behind. */
function isSaidByDaemon(error: unknown): boolean {
  return !isLocketError(error) || error.code !== 'unavailable'
}

function noDaemon(isHidden: boolean): LocketError {
  if (isHidden)
    return new LocketError('denied', 'the admin socket of the daemon is for root only', {
      hint: 'run the command as root, for example with sudo',
    })
  return new LocketError('unavailable', 'no locket daemon was found on this machine', {
    hint: 'start the plugin or `locket volume`; --admin-socket names a socket in another place',
  })
}
