import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import type { AddressInfo, Server } from 'node:net'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { BrokerAddress } from '../../core/broker/broker-address.ts'

/**
 * Listens on an address, and resolves with its name for the log: the port that the system chose is in it.
 * `mode` is that of a Unix socket, whose place the caller has claimed. Rejects with `io`.
 */
export async function listenAt(server: Server, at: BrokerAddress, mode: number): Promise<string> {
  const listening = once(server, 'listening')
  if (at.kind === 'socket') {
    // The socket is private from the beginning, and opened to others afterwards.
    const umask = process.umask(0o177)
    try {
      server.listen({ path: at.path })
    } finally {
      process.umask(umask)
    }
  } else server.listen({ port: at.port, ...(at.host === undefined ? {} : { host: at.host }) })
  const named = at.kind === 'socket' ? at.path : `${at.host ?? 'port'}:${at.port}`
  await listening.catch((error: unknown) => {
    const reason =
      errnoOf(error) === 'EADDRINUSE'
        ? 'another program listens there'
        : systemReason(errnoOf(error), 'write')
    throw new LocketError('io', `cannot listen on ${named}: ${reason}`, { cause: error })
  })
  if (at.kind === 'socket') {
    await chmod(at.path, mode)
    return at.path
  }
  const { address, port, family } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}
