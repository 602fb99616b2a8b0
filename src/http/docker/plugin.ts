import type { FastifyInstance } from 'fastify'
import type { Driver } from '../../app/volume/driver.ts'
import { noteEngineRestart } from '../../app/volume/engine-restart.ts'
import type { PluginProtocol } from './protocol.ts'
import { secretProvider } from './secret-provider.ts'
import { volumeDriver } from './volume-driver.ts'

/** Every protocol that the plugin speaks. A new one is a file beside this one, and a line here. */
export const PROTOCOLS: readonly PluginProtocol[] = [volumeDriver, secretProvider]

/** Adds the calls of all protocols, and `Plugin.Activate`, by which an engine asks for them. */
export function servePlugin(server: FastifyInstance, driver: Driver): void {
  // Each engine that finds a legacy socket activates it. A managed plugin starts and stops with its engine.
  server.post('/Plugin.Activate', async () => {
    await noteEngineRestart(driver)
    return { Implements: PROTOCOLS.map(({ name }) => name) }
  })
  for (const protocol of PROTOCOLS) protocol.routes(server, driver)
}
