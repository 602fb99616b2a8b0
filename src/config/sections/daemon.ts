import { field, section, type Field } from '../../settings/field.ts'
import {
  AbsolutePath,
  Count,
  Duration,
  HostAndPort,
  PathList,
  Size,
  SocketPath,
  Switch,
} from '../../settings/kinds.ts'
import { REPORT_FORMAT } from './check.ts'
import type { Schema } from '../../settings/schema.ts'

/** Returns the declaration of a setting that driver options cannot change. */
function ofDaemon<S extends Schema<unknown>>(declaration: Field<S>): Field<S> {
  return field({ ...declaration, driverOption: false })
}

/** The daemon's own settings. Driver options cannot change them. */
export const daemonSection = section('daemon', 'Daemon', {
  socket: ofDaemon({
    name: 'socket',
    env: 'LOCKET_PLUGIN_SOCKET',
    schema: AbsolutePath,
    default: '/run/docker/plugins/locket.sock',
    summary: 'the socket where the engine finds the driver',
    placeholder: 'PATH',
  }),
  stateDir: ofDaemon({
    name: 'state-dir',
    env: 'LOCKET_PLUGIN_STATE_DIR',
    schema: AbsolutePath.optional(),
    default: '/var/lib/locket',
    summary:
      'folder of the state that must outlive a restart; with --managed the default is /etc/locket/state if it can be made, else a folder below the runtime folder',
    brief: 'folder of the state that must outlive a restart',
    placeholder: 'DIR',
  }),
  runtimeDir: ofDaemon({
    name: 'runtime-dir',
    env: 'LOCKET_PLUGIN_RUNTIME_DIR',
    schema: AbsolutePath,
    default: '/var/lib/locket',
    summary: 'folder below which volumes are mounted',
    placeholder: 'DIR',
  }),
  dockerSocket: ofDaemon({
    name: 'docker-socket',
    env: 'LOCKET_DOCKER_SOCKET',
    schema: AbsolutePath.optional(),
    example: '/run/docker.sock',
    summary:
      'socket of the Docker Engine, for on-change: it gives locket the rights of root; with --managed it is docker.source of the plugin',
    brief: 'socket of the Docker Engine, for on-change',
    placeholder: 'PATH',
  }),
  templateRoots: ofDaemon({
    name: 'template-roots',
    env: 'LOCKET_TEMPLATE_ROOTS',
    kind: 'list',
    schema: PathList.optional(),
    example: '/etc/locket/templates',
    summary:
      'folders that @/path and file:/path in driver options must lie under; left out: any (with --managed: /etc/locket)',
    brief: 'folders that @/path and file:/path in driver options must lie under',
    placeholder: 'DIR',
  }),
  allowInlineToken: ofDaemon({
    name: 'allow-inline-token',
    env: 'LOCKET_ALLOW_INLINE_TOKEN',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'accept a credential as plain text in driver options, where `docker volume inspect` shows it',
    isRare: true,
  }),
  lingerMs: ofDaemon({
    name: 'linger',
    env: 'LOCKET_LINGER',
    schema: Duration,
    default: '5s',
    summary:
      'how long the cache keeps a value for the next mount, for containers that restart again and again; 0s turns the cache off',
    placeholder: 'DURATION',
    isRare: true,
  }),
  metricsAddress: ofDaemon({
    name: 'metrics-address',
    env: 'LOCKET_METRICS_ADDRESS',
    schema: HostAndPort.optional(),
    example: '127.0.0.1:9323',
    summary:
      'an address where /metrics is answered to everybody who reaches it; left out: only the admin socket answers it',
    placeholder: 'HOST:PORT',
    isRare: true,
  }),
  managed: ofDaemon({
    name: 'managed',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'run as a managed plugin of the engine: /etc/locket/locket.toml is read if it exists',
    toml: false,
  }),
  resetState: ofDaemon({
    name: 'reset-state',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'start with no volumes when the state cannot be read; the damaged files are kept',
    isRare: true,
    toml: false,
  }),
})

/**
 * The operator's limits of what driver options may make the daemon hold for one volume. Driver options cannot
 * change them. They do not limit what the operator sets in flags, environment or TOML.
 */
export const ceilingSection = section('ceilings', 'Ceilings of driver options', {
  sizeBytes: ofDaemon({
    name: 'max-volume-size',
    env: 'LOCKET_MAX_VOLUME_SIZE',
    schema: Size,
    default: '64M',
    summary: 'largest size that driver options may ask for',
    placeholder: 'SIZE',
  }),
  maxFileBytes: ofDaemon({
    name: 'max-volume-file-size',
    env: 'LOCKET_MAX_VOLUME_FILE_SIZE',
    schema: Size,
    default: '16M',
    summary: 'largest max-file-size that driver options may ask for',
    placeholder: 'SIZE',
  }),
  cacheMs: ofDaemon({
    name: 'max-volume-cache',
    env: 'LOCKET_MAX_VOLUME_CACHE',
    schema: Duration,
    default: '168h',
    summary: 'longest cache that driver options may ask for; 0s: none',
    placeholder: 'DURATION',
  }),
  files: ofDaemon({
    name: 'max-volume-files',
    env: 'LOCKET_MAX_VOLUME_FILES',
    schema: Count,
    default: '1000',
    summary: 'most files of one volume that driver options may ask for, with the folders that they are in',
    placeholder: 'NUMBER',
  }),
  references: ofDaemon({
    name: 'max-volume-references',
    env: 'LOCKET_MAX_VOLUME_REFERENCES',
    schema: Count,
    default: '2000',
    summary:
      'most {{ }} in all templates of one volume that driver options name; each counts as often as it occurs',
    placeholder: 'NUMBER',
  }),
  renderedBytes: ofDaemon({
    name: 'max-volume-rendered-size',
    env: 'LOCKET_MAX_VOLUME_RENDERED_SIZE',
    schema: Size,
    default: '32M',
    summary:
      'largest total of all files of one volume that driver options ask for, and of their templates, which are in memory while they are rendered',
    placeholder: 'SIZE',
  }),
})

/** Longest time that a value of a Swarm secret stays in memory, in milliseconds: seven days. */
const LONGEST_IN_MEMORY_MS = 604_800_000

/** The settings of Swarm secrets. Labels cannot change them. */
export const swarmSection = section('swarm', 'Swarm secrets', {
  ttlMs: ofDaemon({
    name: 'swarm-ttl',
    env: 'LOCKET_SWARM_TTL',
    schema: Duration.refine((ms) => ms <= LONGEST_IN_MEMORY_MS, 'must be at most 168h'),
    default: '60s',
    summary: 'how long the value of a Swarm secret is given from memory before the provider is asked again',
    placeholder: 'DURATION',
  }),
  staleMs: ofDaemon({
    name: 'swarm-stale',
    env: 'LOCKET_SWARM_STALE',
    schema: Duration.refine((ms) => ms <= LONGEST_IN_MEMORY_MS, 'must be at most 168h'),
    default: '24h',
    summary: 'how long after that the value in memory is given while the provider does not answer; 0s: never',
    placeholder: 'DURATION',
  }),
})

/** The socket between a daemon and the commands that talk to it. */
export const adminSection = section('admin', 'Admin socket', {
  socket: ofDaemon({
    name: 'admin-socket',
    env: 'LOCKET_ADMIN_SOCKET',
    schema: SocketPath.optional(),
    example: '/run/locket-admin.sock',
    summary:
      'the socket of `locket status`, for root only, or off; left out: the daemon makes admin.sock in the runtime folder (with --managed: locket-admin.sock beside the socket of the plugin); other commands look there',
    brief: 'the socket of `locket status`, or off',
    placeholder: 'PATH',
  }),
})

/** The settings of `locket status`. */
export const statusSection = section('status', 'locket status', {
  swarm: field({
    name: 'swarm',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'show only the Swarm secrets: how often each was given, and why a task did not get it',
  }),
  format: REPORT_FORMAT,
  watch: field({
    name: 'watch',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'show it again every two seconds, until Ctrl-C; json is then one line each time',
  }),
})

/** The settings of `locket volume render`. */
export const dryRunSection = section('render', 'locket volume render', {
  dryRun: field({
    name: 'dry-run',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'only show names and sizes of the files; render does nothing without it',
  }),
})
