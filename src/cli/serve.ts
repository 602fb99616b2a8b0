import { loadRendering } from '../config/load-rendering.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { grackleSection } from '../config/broker/grackle-section.ts'
import { readPolicyFile } from '../config/broker/policy-file.ts'
import { serveCheckSection, serveSection } from '../config/broker/serve-section.ts'
import type { Emit } from '../core/ports/events.ts'
import { nearest } from '../core/text/nearest.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { OpenedBroker, ServeConfig } from '../wire-broker/open-broker.ts'
import type { Action, Command } from './define.ts'

const SECTIONS = { serve: serveSection, grackle: grackleSection } as const

/** Without one of these words, the command is the broker. */
const ACTIONS: ReadonlyMap<string, Action> = new Map([
  [
    'check',
    { sections: [serveCheckSection, serveSection, grackleSection, ...RENDERING_SECTIONS], takes: 'files' },
  ],
])

/** The command `locket serve`: the broker. */
export const command: Command = {
  usage: [
    'locket serve [FLAGS]                 serves until it is stopped; SIGHUP reads the policy file again',
    'locket serve check [FLAGS] [FILE]    compiles the policy file, and runs its examples',
  ],
  example: 'locket serve --server-name broker.example --config /etc/locket/locket.toml',
  sections: [serveSection, grackleSection, serveCheckSection, ...RENDERING_SECTIONS],
  actions: ACTIONS,
  runsAlone: true,
  async run(context) {
    const [word = ''] = context.argv
    if (ACTIONS.has(word)) return await (await import('./broker/serve-check.ts')).checkServe(context)
    const near = /^[a-z]/.test(word) ? nearest(word, ACTIONS.keys()) : undefined
    if (near !== undefined)
      throw new LocketError('usage', 'locket serve takes flags, or check', { hint: `did you mean ${near}?` })
    const { name, argv, env, isRoot, tables, signal, calledAt } = context
    const parsePolicy = (path: string, text: string) => readPolicyFile(path, text, calledAt)
    const loaded = loadRendering({ name, sections: SECTIONS, argv, env, isRoot, tables })
    const { providers, parseRef, log, exposed } = loaded
    const { sikkerkey: answersSikkerkey, ...settings } = loaded.settings.serve
    const { readIssuers } = await import('../config/broker/issuers.ts')
    const config = {
      ...configOf(settings),
      grackle: await grackleOf(loaded.settings.grackle),
      issuers: readIssuers(loaded.documents),
    }
    const wire = await import('../wire.ts')
    const emit = await wire.openDaemonEvents({ ...log, journal: env['JOURNAL_STREAM'] })
    if (exposed.length > 0) emit('flags.exposed', { flags: exposed })
    const { openBroker } = await import('../wire-broker/open-broker.ts')
    const opened = await openBroker(config, { emit, env, providers, parseRef, parsePolicy, signal })
    const { runBroker } = await import('../app/broker/run-broker.ts')
    return await runBroker(
      {
        ...(await listenersOf(opened, emit, { answersSikkerkey, proxy: config.dashboardUrl })),
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
async function listenersOf(
  opened: OpenedBroker,
  emit: Emit,
  { answersSikkerkey, proxy }: { readonly answersSikkerkey: boolean; readonly proxy: string | undefined },
) {
  const { buildBrokerServer } = await import('../http/broker/broker-server.ts')
  const { serveMachines } = await import('../http/broker/machine-api.ts')
  const { serveAdmin } = await import('../http/broker/admin-api.ts')
  const { closeServer } = await import('../http/server.ts')
  const { dashboardListener } = await import('./broker/dashboard-listener.ts')
  const { broker, clock, seals } = opened
  const [machines, admin] = [buildBrokerServer(opened.tls), buildBrokerServer(undefined)]
  serveMachines(machines, { broker, clock, emit, seals })
  if (answersSikkerkey) {
    const { serveSikkerkey } = await import('../http/sikkerkey/sikkerkey-api.ts')
    serveSikkerkey(machines, { broker, clock, emit })
  }
  if (opened.grackle !== undefined) {
    const { serveGrackle } = await import('../http/grackle/grackle-api.ts')
    serveGrackle(machines, { broker, grackle: opened.grackle, clock, emit })
  }
  serveAdmin(admin, { broker, clock, emit, token: opened.adminToken })
  await Promise.all([machines.ready(), admin.ready()])
  return {
    machines: {
      listen: () => opened.listenForMachines(machines.server),
      close: () => closeServer(machines, clock),
    },
    admin: { listen: () => opened.listenForAdmin(admin.server), close: () => closeServer(admin, clock) },
    dashboard: await dashboardListener(opened, emit, proxy),
  }
}

type AllSettings = ReturnType<typeof loadRendering<typeof SECTIONS>>['settings']
type Settings = AllSettings['serve']

/** The networks of the original. */
const GRACKLE_NETWORKS: readonly string[] = ['10.0.0.0/24']

/** Undefined: the protocol is off. Throws `config` for settings that would have no effect then. */
async function grackleOf({
  compat = [],
  networks,
  ...settings
}: AllSettings['grackle']): Promise<ServeConfig['grackle']> {
  if (!compat.includes('grackle')) {
    if (networks === undefined && settings.registry === undefined && !settings.hasRegistryApi)
      return undefined
    throw new LocketError('config', 'the settings of grackle have no effect without compat = ["grackle"]')
  }
  const { readRegistryFile: parseRegistry } = await import('../config/broker/registry-file.ts')
  return { ...settings, networks: networks ?? GRACKLE_NETWORKS, parseRegistry }
}

function configOf({
  tlsCert: cert,
  tlsKey: key,
  machineRate,
  oidcIssuer,
  oidcClientId,
  oidcSecretFile,
  oidcCaCert,
  oidcScope,
  oidcName,
  oidcNewPeople,
  ...settings
}: Omit<Settings, 'sikkerkey'>): Omit<ServeConfig, 'issuers'> {
  if ((cert === undefined) !== (key === undefined))
    throw new LocketError('config', 'tls-cert and tls-key are set together, or neither of them')
  const [rate] = machineRate
  if (rate === undefined) throw new LocketError('internal', 'there is no rate')
  if ((oidcIssuer === undefined) !== (oidcClientId === undefined))
    throw new LocketError('config', 'oidc-issuer and oidc-client-id are set together, or neither of them')
  return {
    ...settings,
    rate,
    tlsFiles: cert === undefined || key === undefined ? undefined : { cert, key },
    loginService:
      oidcIssuer === undefined || oidcClientId === undefined
        ? undefined
        : {
            issuer: oidcIssuer,
            clientId: oidcClientId,
            secretFile: oidcSecretFile,
            caFile: oidcCaCert,
            scope: oidcScope,
            rule: { name: oidcName, newPeople: oidcNewPeople },
          },
  }
}
