import type { Emit } from '../../core/ports/events.ts'
import type { OpenedBroker } from '../../wire-broker/open-broker.ts'

/**
 * Builds the server of the dashboard. Undefined: it is off, and its pages are not loaded. `proxy`: the
 * address of a proxy in front of it.
 */
export async function dashboardListener(opened: OpenedBroker, emit: Emit, proxy: string | undefined) {
  const { dashboard: ports, clock } = opened
  if (ports === undefined) return undefined
  const { createDashboard } = await import('../../app/dashboard/dashboard.ts')
  const { buildBrokerServer } = await import('../../http/broker/broker-server.ts')
  const { serveDashboard } = await import('../../http/dashboard/serve-dashboard.ts')
  const { closeServer } = await import('../../http/server.ts')
  const dashboard = createDashboard(ports)
  const server = buildBrokerServer(undefined)
  serveDashboard(server, { dashboard, clock, emit, url: proxy })
  await server.ready()
  return {
    async listen() {
      const address = await opened.listenForDashboard(server.server)
      const url = proxy ?? `http://localhost:${/\d+$/.exec(address)?.[0]}`
      await dashboard.people.offerSetup(url)
      emit('dashboard.listening', { url })
      return url
    },
    async close() {
      dashboard[Symbol.dispose]()
      await closeServer(server, clock)
    },
  }
}
