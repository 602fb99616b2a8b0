import type { FastifyInstance } from 'fastify'
import type { Driver } from '../../app/volume/driver.ts'

/** A protocol of Docker plugins that is spoken on the socket. */
export interface PluginProtocol {
  /** Name of the protocol in the answer to `Plugin.Activate`. */
  readonly name: string
  /** Type of the protocol in `interface.types` of the managed plugin's config.json. */
  readonly type: string
  /** Adds the protocol's calls to the server. */
  routes(server: FastifyInstance, driver: Driver): void
}
