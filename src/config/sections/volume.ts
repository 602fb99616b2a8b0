import { field, section } from '../../settings/field.ts'
import {
  AbsolutePath,
  Duration,
  List,
  Mode,
  MountFlagWords,
  PathList,
  SelinuxContext,
  Size,
  Switch,
} from '../../settings/kinds.ts'

export const volumeSection = section('volume', 'Volumes', {
  secrets: field({
    name: 'secret',
    aliases: ['secrets'],
    env: 'LOCKET_VOLUME_DEFAULT_SECRETS',
    kind: 'list',
    schema: List.optional(),
    example: 'NAME={{ local://path/to/name }}',
    summary:
      'a file of every volume: NAME=TEMPLATE or NAME=@/path/to/template; a volume replaces it by one of the same name',
    placeholder: 'NAME=TEMPLATE',
  }),
  watch: field({
    name: 'watch',
    env: 'LOCKET_VOLUME_DEFAULT_WATCH',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'render again when a template file changes',
  }),
  sizeBytes: field({
    name: 'size',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_SIZE',
    schema: Size,
    default: '10M',
    summary: 'size of the tmpfs',
    placeholder: 'SIZE',
  }),
  mode: field({
    name: 'mode',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_MODE',
    schema: Mode,
    default: '0700',
    summary: "mode of the volume's root folder",
    placeholder: 'MODE',
  }),
  flags: field({
    name: 'flags',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_FLAGS',
    schema: MountFlagWords,
    default: 'rw,noexec,nosuid,nodev',
    summary:
      'mount flags, joined by commas; noexec, nosuid and nodev stay unless exec, suid or dev is named; ro is up to who mounts the volume',
    placeholder: 'FLAGS',
  }),
  selinuxContext: field({
    name: 'selinux-context',
    env: 'LOCKET_VOLUME_DEFAULT_SELINUX_CONTEXT',
    schema: SelinuxContext.optional(),
    example: 'system_u:object_r:container_file_t:s0',
    summary: 'SELinux context of the tmpfs',
    placeholder: 'CONTEXT',
  }),
  allowSwap: field({
    name: 'allow-swap',
    env: 'LOCKET_VOLUME_DEFAULT_ALLOW_SWAP',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'mount even where the kernel cannot keep the tmpfs out of swap',
  }),
  mountTimeoutMs: field({
    name: 'mount-timeout',
    env: 'LOCKET_VOLUME_DEFAULT_MOUNT_TIMEOUT',
    schema: Duration.refine((ms) => ms > 0, 'must be longer than 0').optional(),
    example: '25s',
    summary:
      'how long a mount waits for its provider; left out: 25s, and 100s in the first ten minutes after a boot',
    placeholder: 'DURATION',
  }),
})

/** The daemon's own settings; no driver option can touch them. */
export const daemonSection = section('daemon', 'Daemon', {
  socket: field({
    name: 'socket',
    env: 'LOCKET_PLUGIN_SOCKET',
    schema: AbsolutePath,
    default: '/run/docker/plugins/locket.sock',
    summary: 'where the engine finds the driver',
    placeholder: 'PATH',
    driverOption: false,
  }),
  stateDir: field({
    name: 'state-dir',
    env: 'LOCKET_PLUGIN_STATE_DIR',
    schema: AbsolutePath.optional(),
    default: '/var/lib/locket',
    summary:
      'folder of what must outlive a restart; with --managed left out: /etc/locket/state where that can be made, else below the runtime folder',
    placeholder: 'DIR',
    driverOption: false,
  }),
  runtimeDir: field({
    name: 'runtime-dir',
    env: 'LOCKET_PLUGIN_RUNTIME_DIR',
    schema: AbsolutePath,
    default: '/var/lib/locket',
    summary: 'folder below which volumes are mounted',
    placeholder: 'DIR',
    driverOption: false,
  }),
  templateRoots: field({
    name: 'template-roots',
    env: 'LOCKET_TEMPLATE_ROOTS',
    kind: 'list',
    schema: PathList.optional(),
    example: '/etc/locket/templates',
    summary:
      'folders that @/path and file:/path in driver options must lie under; left out: any (with --managed: /etc/locket)',
    placeholder: 'DIR',
    driverOption: false,
  }),
  allowInlineToken: field({
    name: 'allow-inline-token',
    env: 'LOCKET_ALLOW_INLINE_TOKEN',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'accept a credential written out in driver options, where `docker volume inspect` shows it',
    driverOption: false,
  }),
  lingerMs: field({
    name: 'linger',
    env: 'LOCKET_LINGER',
    schema: Duration,
    default: '5s',
    summary:
      'how long a value stays usable for the next mount before it is fetched again, for containers that start again and again; 0s turns it off',
    placeholder: 'DURATION',
    driverOption: false,
  }),
  managed: field({
    name: 'managed',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'run as the engine runs a managed plugin: /etc/locket/locket.toml is read if it is there',
    driverOption: false,
    toml: false,
  }),
  resetState: field({
    name: 'reset-state',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'start with no volumes when the state cannot be read; the damaged files are kept',
    driverOption: false,
    toml: false,
  }),
})
