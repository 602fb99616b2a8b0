import type { FastifyInstance } from 'fastify'
import type { Driver } from '../../app/volume/driver.ts'

/** A protocol of Docker plugins that is spoken on the socket. */
export interface PluginProtocol {
  /** In the answer to `Plugin.Activate`. */
  readonly name: string
  /** In `interface.types` of the managed plugin's config.json. */
  readonly type: string
  /** Adds the protocol's calls to the server. */
  routes(server: FastifyInstance, driver: Driver): void
}
