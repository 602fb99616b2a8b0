import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Counts } from '../../app/admin/metrics/counts.ts'
import type { Driver } from '../../app/volume/driver.ts'
import type { DaemonConfig } from '../../config/volume/volume-config.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import { closeServer } from '../server.ts'
import { adminServer, metricsServer } from './admin.ts'

interface ViewOptions extends Pick<DaemonConfig, 'adminSocket' | 'metricsAddress'> {
  readonly counts: Counts
  /** Listens at the path of a socket, for root only, or at an address. */
  readonly listen: (
    server: Server,
    at: { readonly path: string } | { readonly host: string; readonly port: number },
  ) => Promise<void>
}

/**
 * Opens the admin socket, and the address of the metrics if there is one. A server that cannot listen is
 * reported and left out: the volumes are served without it.
 */
export async function openView(
  driver: Driver,
  { adminSocket, metricsAddress, counts, listen }: ViewOptions,
): Promise<AsyncDisposable> {
  const opened = new AsyncDisposableStack()

  async function open(server: FastifyInstance, address: string, at: Parameters<typeof listen>[1]) {
    try {
      await server.ready()
      await listen(server.server, at)
      opened.defer(() => closeServer(server, driver.clock))
      driver.emit('daemon.view', { address })
    } catch (thrown) {
      driver.emit('daemon.view.failed', { error: formatError(toLocketError(thrown)) })
    }
  }

  if (adminSocket !== 'off') await open(adminServer(driver, counts), adminSocket, { path: adminSocket })
  if (metricsAddress !== undefined) {
    const { host, port } = metricsAddress
    const shown = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    await open(metricsServer(driver, counts), shown, metricsAddress)
  }
  return opened
}
