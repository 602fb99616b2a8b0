import { AUDIT_EVENTS } from './events/of-audit.ts'
import { BLIND_EVENTS } from './events/of-blind.ts'
import { CACHE_EVENTS } from './events/of-cache.ts'
import { LEASE_EVENTS } from './events/of-leases.ts'
import { BROKER_EVENTS } from './events/of-broker.ts'
import { COMMAND_EVENTS } from './events/of-commands.ts'
import { RELOAD_EVENTS } from './events/of-reloads.ts'
import { SWARM_EVENTS } from './events/of-swarm.ts'
import { row, type FactTypes } from './events/row.ts'

const MOUNT = { volume: 'text', mountId: 'text' } as const
const FAILURE = { volume: 'text', code: 'text', error: 'text' } as const

/**
 * Everything that locket reports while it works: level, message and the facts' types. Facts never hold a
 * secret value, a body or a template's text. A use case emits a row by its name; log lines, and later
 * metrics, audit and hooks, follow from it.
 */
export const EVENTS = {
  ...BLIND_EVENTS,
  ...BROKER_EVENTS,
  // The daemon
  'daemon.again': row(
    'warn',
    'the engine stopped and started the plugin at once: this process ends, and the engine starts it again',
    {},
  ),
  'daemon.refusing': row('error', 'every Create and Mount is refused: {error}', { error: 'text' }),
  'daemon.listening': row('info', 'listening', { socket: 'text', volumes: 'number' }),
  'daemon.restore': row('error', 'volumes could not be compared with the mount table', { error: 'text' }),
  'daemon.stopping': row('info', 'stopping', {}),
  'daemon.stopping.used': row(
    'info',
    'stopping; volumes that containers use stay mounted: {volumes}',
    { volumes: 'number' },
    'daemon.stopping',
  ),
  'daemon.waiting': row('warn', 'another locket uses the folder: waiting at most 5 s until it ends', {
    folder: 'text',
    pid: 'number?',
  }),
  'daemon.view': row('info', 'the view inside listens', { address: 'text' }),
  'daemon.view.failed': row('error', 'there is no view inside: {error}', { error: 'text' }, 'daemon.view'),
  'http.bug': row('error', 'a request failed because of a bug in locket', { url: 'text', cause: 'text' }),
  'state.warning': row('warn', 'the state file needs attention', { warning: 'text' }),
  'tls.checked': row(
    'warn',
    'NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: set ca-cert to trust your own certificate authority',
    {},
  ),
  // Volumes
  'volume.created': row('info', 'created', { volume: 'text', files: 'number' }),
  'volume.warning': row('warn', 'the options of a volume may hold a mistake', {
    volume: 'text',
    warning: 'text',
  }),
  'volume.removed': row('info', 'removed', { volume: 'text' }),
  'volume.stale': row('warn', 'removed, although stale mounts of it were recorded', {
    volume: 'text',
    mountIds: 'texts',
  }),
  'volume.mounted': row('info', 'mounted', {
    ...MOUNT,
    files: 'number?',
    references: 'number?',
    ms: 'number',
  }),
  'volume.ready': row('debug', 'all files of the volume are ready in memory', {
    volume: 'text',
    files: 'number',
    references: 'number',
    ms: 'number',
  }),
  'volume.mounted.empty': row('warn', 'mounted without any file: {reason}', {
    volume: 'text',
    reason: 'text',
  }),
  'volume.mounted.again': row('info', 'mounted once more', MOUNT, 'volume.mounted'),
  'volume.mount.failed': row('error', 'failed', FAILURE),
  'volume.mount.lost': row('warn', 'the engine hung up before the answer: the mount was undone', MOUNT),
  'volume.mount.lost.kept': row(
    'error',
    'the engine hung up before the answer, and the mount cannot be undone',
    { error: 'text' },
    'volume.mount.lost',
  ),
  'volume.unmounted': row('info', 'wiped and unmounted', MOUNT),
  'volume.unmounted.once': row(
    'info',
    'one mount ended, others are left',
    { ...MOUNT, left: 'number' },
    'volume.unmounted',
  ),
  'volume.released': row(
    'warn',
    'a mount reference was released by hand, because the engine has lost it',
    MOUNT,
  ),
  'volume.unmount.unknown': row('warn', 'unmount of something that is not mounted', MOUNT),
  'volume.rendered': row('info', 'new content is in place', {
    volume: 'text',
    changed: 'number',
    removed: 'number',
  }),
  'volume.render.failed': row('error', 'failed', FAILURE),
  'volume.refresh.postponed': row(
    'warn',
    'the refresh waits for the limit of requests, and the files stay as they are',
    FAILURE,
  ),
  'volume.recovered': row('info', 'rendered again after failures', { volume: 'text' }),
  'volume.watch.failed': row('error', 'failed', FAILURE),
  'volume.state': row('error', 'failed', FAILURE),
  'volume.wipe': row('error', 'failed', FAILURE),
  'volume.wiped': row('info', 'wiped and unmounted after an earlier failure', { volume: 'text' }),
  'volume.wiped.at-start': row(
    'warn',
    'mounted, but the record names no container that uses it: wiped',
    { volume: 'text' },
    'volume.wiped',
  ),
  'volume.unreadable': row('warn', '{warning}', { volume: 'text', warning: 'text' }),
  'volume.healed': row('info', 'dropped references of an earlier boot', { volume: 'text' }),
  'volume.adopted': row(
    'warn',
    'mounted, but the state has no user of it and is lost or older: kept until the volume is removed',
    {
      volume: 'text',
    },
  ),
  'volume.orphaned': row('warn', 'its tmpfs is gone: containers that still run with it need a restart', {
    volume: 'text',
    mountIds: 'texts',
  }),
  'volume.unknown.kept': row(
    'warn',
    'mounted, but not recorded, and the state is lost or older: kept',
    { volume: 'text' },
    'volume.unknown',
  ),
  'volume.unknown.wiped': row(
    'warn',
    'mounted, but not recorded: wiped',
    { volume: 'text' },
    'volume.unknown',
  ),
  'volume.unknown.failed': row(
    'error',
    'mounted, but not recorded, and it cannot be wiped',
    { volume: 'text' },
    'volume.unknown',
  ),
  'volume.restore.failed': row('error', 'failed', FAILURE),
  ...CACHE_EVENTS,
  ...LEASE_EVENTS,
  ...AUDIT_EVENTS,
  ...RELOAD_EVENTS,
  ...SWARM_EVENTS,
  // Providers
  'provider.fetch': row('debug', 'references fetched', {
    provider: 'text',
    references: 'number',
    failed: 'number',
    requestsLastHour: 'number',
    ms: 'number',
  }),
  'provider.refresh.stretched': row(
    'warn',
    'the limit of requests does not suffice for all refreshes: they come later than their interval',
    { provider: 'text', setting: 'text' },
  ),
  'provider.refresh.kept': row('info', 'all refreshes come within their interval again', {
    provider: 'text',
    setting: 'text',
  }),
  'bws.client': row('debug', 'client chosen', { provider: 'text', client: 'text' }),
  'local.key_exposed': row(
    'warn',
    'users other than the owner have access to the key file: set its mode to 600',
    {
      path: 'text',
      mode: 'text',
    },
  ),
  ...COMMAND_EVENTS,
}

/** Name of an event: a row of EVENTS. */
export type EventName = keyof typeof EVENTS

/** The facts of an event. */
export type EventFacts<N extends EventName> = {
  readonly [F in keyof (typeof EVENTS)[N]['facts']]: FactTypes[(typeof EVENTS)[N]['facts'][F] &
    keyof FactTypes]
}

/** Names of the events whose facts are those of a failed volume: volume, code and error. */
export type VolumeFailure = {
  [N in EventName]: (typeof EVENTS)[N]['facts'] extends typeof FAILURE ? N : never
}[EventName]

/** One event, as listeners get it. */
export type LocketEvent = {
  [N in EventName]: { readonly name: N; readonly facts: EventFacts<N> }
}[EventName]
