import { loadRendering } from '../config/load-rendering.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { serveSection } from '../config/broker/serve-section.ts'
import type { Emit } from '../core/ports/events.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { OpenedBroker, ServeConfig } from '../wire-broker.ts'
import type { Command } from './define.ts'

const SECTIONS = { serve: serveSection } as const

/** The command `locket serve`: the broker. */
export const command: Command = {
  usage: ['locket serve [FLAGS]'],
  example: 'locket serve --server-name broker.example --config /etc/locket/locket.toml',
  sections: [serveSection, ...RENDERING_SECTIONS],
  async run(context) {
    const { name, argv, env, isRoot, tables, signal } = context
    const loaded = loadRendering({ name, sections: SECTIONS, argv, env, isRoot, tables })
    const { providers, parseRef, log, exposed } = loaded
    const config = configOf(loaded.settings.serve)
    const wire = await import('../wire.ts')
    const emit = await wire.openDaemonEvents(log)
    if (exposed.length > 0) emit('flags.exposed', { flags: exposed })
    const { openBroker } = await import('../wire-broker.ts')
    const opened = await openBroker(config, { emit, env, providers, parseRef, signal })
    const { runBroker } = await import('../app/broker/run-broker.ts')
    return await runBroker(
      {
        ...(await listenersOf(opened, emit, config.dashboardUrl)),
        broker: opened.broker,
        emit,
        notifyReady: () => wire.notifySystemd(env, 'READY=1'),
        close: () => opened.close(),
      },
      signal,
    )
  },
}

/** Builds the servers: that of machines, that of the admin API, and that of the dashboard. */
async function listenersOf(opened: OpenedBroker, emit: Emit, url: string | undefined) {
  const { buildBrokerServer } = await import('../http/broker/broker-server.ts')
  const { serveMachines } = await import('../http/broker/machine-api.ts')
  const { serveAdmin } = await import('../http/broker/admin-api.ts')
  const { closeServer } = await import('../http/server.ts')
  const { broker, clock, seals } = opened
  const [machines, admin] = [buildBrokerServer(opened.tls), buildBrokerServer(undefined)]
  serveMachines(machines, { broker, clock, emit, seals })
  serveAdmin(admin, { broker, clock, emit, token: opened.adminToken })
  await Promise.all([machines.ready(), admin.ready()])
  return {
    machines: {
      listen: () => opened.listenForMachines(machines.server),
      close: () => closeServer(machines, clock),
    },
    admin: { listen: () => opened.listenForAdmin(admin.server), close: () => closeServer(admin, clock) },
    dashboard: await dashboardOf(opened, emit, url),
  }
}

/** Loads the pages only if there is a dashboard. */
async function dashboardOf(opened: OpenedBroker, emit: Emit, url: string | undefined) {
  const { dashboard, clock } = opened
  if (dashboard === undefined) return undefined
  const { buildBrokerServer } = await import('../http/broker/broker-server.ts')
  const { serveDashboard } = await import('../http/dashboard/serve-dashboard.ts')
  const { closeServer } = await import('../http/server.ts')
  const server = buildBrokerServer(undefined)
  serveDashboard(server, { dashboard, clock, emit, url })
  await server.ready()
  return {
    listen: () => opened.listenForDashboard(server.server),
    close: () => closeServer(server, clock),
  }
}

type Settings = ReturnType<typeof loadRendering<typeof SECTIONS>>['settings']['serve']

function configOf({ tlsCert: cert, tlsKey: key, machineRate, ...settings }: Settings): ServeConfig {
  if ((cert === undefined) !== (key === undefined))
    throw new LocketError('config', 'tls-cert and tls-key are set together, or neither of them')
  const [rate] = machineRate
  if (rate === undefined) throw new LocketError('internal', 'there is no rate')
  return {
    ...settings,
    rate,
    tlsFiles: cert === undefined || key === undefined ? undefined : { cert, key },
  }
}
