import type { Server } from 'node:net'
import { createDashboard, type Dashboard } from './app/dashboard/dashboard.ts'
import type { DashboardPorts } from './app/dashboard/ports.ts'
import type { BrokerAddress } from './core/broker/broker-address.ts'
import { createPeopleStore } from './host/broker/dashboard/people-store.ts'
import { removeSetupLink, writeSetupLink } from './host/broker/dashboard/setup-link.ts'
import { listenAt } from './host/broker/listen.ts'
import type { Database } from './host/broker/sql.ts'

// The part of wire-broker.ts for the dashboard.

/** The settings of the dashboard. */
interface DashboardConfig {
  readonly at: BrokerAddress
  /** The address in browsers, behind a proxy. */
  readonly url: string | undefined
  /** The state folder of the broker. */
  readonly folder: string
  readonly database: Database
}

/** A dashboard that is open and does not listen yet. */
export interface OpenedDashboard {
  readonly dashboard: Dashboard
  /** Listens, and makes the link for the first administrator if there are no people yet. */
  listen(server: Server): Promise<string>
}

/** Makes the dashboard of a broker. */
export function openDashboard(
  { at, url, folder, database }: DashboardConfig,
  ports: Omit<DashboardPorts, 'people' | 'forgetFirstLink'>,
): OpenedDashboard {
  const { emit } = ports
  const people = createPeopleStore(database)
  const dashboard = createDashboard({ ...ports, people, forgetFirstLink: () => removeSetupLink(folder) })

  /** The link is not logged: who reads the log must not become the administrator. */
  async function offerSetup(shown: string): Promise<void> {
    const link = await dashboard.people.firstLink()
    if (link === undefined) return await removeSetupLink(folder)
    emit('dashboard.setup', { file: await writeSetupLink(folder, `${shown}/setup?token=${link.token}`) })
  }

  return {
    dashboard,
    async listen(server) {
      const address = await listenAt(server, at, SOCKET_MODE)
      const shown = url ?? `http://localhost:${/\d+$/.exec(address)?.[0]}`
      await offerSetup(shown)
      emit('dashboard.listening', { url: shown })
      return address
    },
  }
}

const SOCKET_MODE = 0o600
