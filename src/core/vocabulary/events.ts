import { row, type FactTypes } from './event-row.ts'

const MOUNT = { volume: 'text', mountId: 'text' } as const
const FAILURE = { volume: 'text', code: 'text', error: 'text' } as const
const UNRESOLVED = { left: 'text', policy: 'text', error: 'text' } as const

/**
 * Everything that locket reports while it works: level, message and the facts' types. Facts never hold a
 * secret value, a body or a template's text. A use case emits a row by its name; log lines, and later
 * metrics, audit and hooks, follow from it.
 */
export const EVENTS = {
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
  // Providers
  'provider.fetch': row('debug', 'references fetched', {
    provider: 'text',
    references: 'number',
    failed: 'number',
    requestsLastHour: 'number',
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
  // locket export
  'export.misread': row('warn', '{reader} reads these variables wrongly: use another format for it', {
    reader: 'text',
    variables: 'texts',
  }),
  // The command line
  'flags.exposed': row(
    'warn',
    'every user of this machine can read a credential on the command line: give it by its variable, or as file:/path',
    { flags: 'texts' },
  ),
  // locket exec
  'mapping.used': row('info', 'variables come from a mapping file', {
    files: 'texts',
    variables: 'number',
  }),
  'exec.nothing': row(
    'warn',
    'the command gets no secret: name variables with --env or --env-file, and files with --secret or --map',
    {},
  ),
  'exec.warning': row('warn', 'a template may hold a mistake', { warning: 'text' }),
  'exec.env-references': row(
    'warn',
    'variables of the environment hold references and are passed on unchanged: --resolve-env resolves them',
    { variables: 'texts' },
  ),
  'exec.unresolved': row('warn', 'references without a value: {left}', UNRESOLVED),
  'exec.mask.unfit': row('warn', 'a value of less than 4 bytes or more than 256 KiB is not masked', {
    references: 'texts',
  }),
  'exec.traceable': row('debug', 'other processes of this user can trace locket', { error: 'text' }),
  'exec.files': row('info', 'files were written again', { changed: 'number' }),
  'exec.replaced': row('info', 'variables have changed: the command is stopped and started again', {}),
  'exec.kept': row('error', 'a change could not be applied: the command keeps running unchanged', {
    code: 'text',
    error: 'text',
  }),
  'exec.recovered': row('info', 'the change is applied now', {}),
  'exec.failed': row('warn', 'the command has ended and is started again', {
    code: 'number',
    pauseMs: 'number',
  }),
  'exec.not-started': row('error', 'the command could not be started', { error: 'text' }),
  'exec.killed': row('warn', 'the command did not end in time and is killed', {
    timeoutMs: 'number',
  }),
  'exec.files.left': row('error', 'files of the command could not be removed', { error: 'text' }),
  // locket inject
  'inject.warning': row('warn', 'a template may hold a mistake', { warning: 'text' }),
  'inject.missing': row('warn', 'a template does not exist, so its file does not exist either', {
    source: 'text',
  }),
  'inject.unresolved': row('warn', 'references without a value: {left}', UNRESOLVED),
  'inject.written': row('info', 'files are in place', { files: 'number', changed: 'number', ms: 'number' }),
  'inject.printed': row('info', 'wrote the rendered template to standard output', { ms: 'number' }),
  'inject.removed': row('info', 'removed a file whose template is gone', { file: 'text' }),
  'inject.failed': row('error', 'the files could not be written again and stay unchanged', {
    code: 'text',
    error: 'text',
  }),
  'inject.recovered': row('info', 'the files were written again after a failure', {}),
  'inject.wiped': row('info', 'removed what was written', { files: 'number' }),
  // Every command that renders
  'render.waiting': row('info', 'waiting for an answer of {providers}: {seconds} s are left', {
    providers: 'text',
    seconds: 'number',
  }),
  'render.waiting.again': row(
    'info',
    'trying again, {seconds} s are left: {error}',
    { error: 'text', seconds: 'number' },
    'render.waiting',
  ),
  // locket export and locket compose
  'template.warning': row('warn', 'a template looks like a mistake', { where: 'text', warning: 'text' }),
  'compose.remark': row('info', '{remark}', { remark: 'text' }),
  'compose.set': row('info', 'all variables have a value', { count: 'number' }),
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
